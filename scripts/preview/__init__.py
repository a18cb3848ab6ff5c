"""From what `pulumi preview --json` prints to a report for people: read, judged section by section, rendered."""
