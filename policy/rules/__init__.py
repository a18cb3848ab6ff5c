"""The rules of the pack: pure functions of a resource's inputs and the rule's settings. Only bridge.py knows the SDK.

Modules import each other relatively: the engine starts the pack in its own folder, tests in the one above.
"""
