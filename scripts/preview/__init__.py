"""From what `pulumi preview --json` prints to a report for people: read, assessed section by section, rendered."""
