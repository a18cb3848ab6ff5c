"""The policy pack, as a table of contents. README.md has the rules in words, with their settings."""

from pulumi_policy import PolicyPack

from rules import buckets, data, groups, instances, reach, tags, texts
from rules.bridge import Bridge

RULES = [*reach.RULES, *groups.RULES, *texts.RULES, *instances.RULES, *data.RULES, *buckets.RULES, *tags.RULES]

PolicyPack("mysql-pair", Bridge().policies(RULES))
