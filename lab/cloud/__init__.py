"""EC2's operations on a lab's records, and what makes the machine follow them."""
