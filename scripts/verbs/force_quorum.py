"""`force-quorum`: the servers that are left go on without a majority of the group."""

from scripts.group import KEY_SECONDS, ONLINE, change, require_group
from scripts.ssh import logins
from scripts.stack import OperatorError, Stack
from scripts.verbs import DEFAULT_STACK, StackName, Yes, confirm


def force_quorum(stack: StackName = DEFAULT_STACK, yes: Yes = False) -> None:
    """Have the servers that are ONLINE go on alone, where more than half of the group is lost.

    It helps within 10 seconds of the loss: then servers without a majority leave the group, and `start-group` is what
    starts it again (group_replication_unreachable_majority_timeout in mysqlSettings makes it longer).

    Only where the others are down for good: one that still runs out of reach of these would take writes of its own. A
    server that comes back later rejoins, and loses what the group never had.
    """
    with logins(Stack(stack), key_seconds=KEY_SECONDS) as ssh:
        group = require_group(ssh)
        if group.majority:
            raise OperatorError("the group has a majority: there is nothing to force")
        owns = {name: own for name in group.facts if (own := group.own(name))}
        alive = {name: own.address for name, own in owns.items() if own.state == ONLINE}
        if not alive:
            raise OperatorError("no server is in the group: `start-group` starts it")
        lost = [name for name in group.names if name not in alive]
        confirm(
            f"{', '.join(alive)} will go on alone. {', '.join(lost)} must be down, and stay down until then: stop the "
            "instances first if you are not sure. Go on?",
            yes,
        )
        change(ssh, next(iter(alive)), "force", addresses=list(alive.values()))
    print(f"the group goes on with {', '.join(alive)}: `status` shows it")
