"""EC2's records, rules and operations; nothing in here touches the machine."""
