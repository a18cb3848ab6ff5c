"""What client hosts do beside that: check the users' logins, and keep the server's authority in Java's form too."""
