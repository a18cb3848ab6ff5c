"""What the steps of the workflows run: `python -m tools.ci.NAME`, each with what its job gives in the environment.

`comment` and `issue` hold a token that writes, and run on the standard library alone, without the program's packages.
"""
