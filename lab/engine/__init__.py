"""The pulumi that runs a lab: found or built, with a home, a shim and a language host of its own."""
