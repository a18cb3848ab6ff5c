"""What other projects know of a stack of mysql-pair: its outputs, the forms of a login, and how to read them."""
