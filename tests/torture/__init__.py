"""Breaks a group of servers at random while clients write and read, and checks what they were told against what is
there.

A write that was acknowledged is never lost and never there twice, money that is moved is neither made nor lost, and
who reads where writes go sees every write that was acknowledged before. How long clients could not write is measured
beside it. `make torture`, or `python -m tests.torture --help`.
"""
