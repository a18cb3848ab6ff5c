"""backups/dump.py: the parts of a dump, what changes their digests, and the accounts beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from scripts.host.backups import dump
from scripts.host.backups.dump import Parts
from scripts.host.mysql.server import Session

DUMP = """-- MySQL dump 10.13  Distrib 9.7.4, for Linux (x86_64)
--
-- Host: localhost    Database:
/*!40101 SET NAMES utf8mb4 */;

--
-- Current Database: `shop`
--

USE `shop`;

--
-- Table structure for table `item`
--

CREATE TABLE `item` (`id` int);

--
-- Dumping data for table `item`
--

INSERT INTO `item` VALUES (1),(2);
/*!50003 CREATE TRIGGER `tr` BEFORE INSERT ON `item` FOR EACH ROW set @a = 1 */;;

--
-- Temporary view structure for view `v`
--

--
-- Dumping routines for database 'shop'
--

CREATE PROCEDURE p() SELECT 1;

--
-- Current Database: `store`
--

--
-- Table structure for table `item`
--

CREATE TABLE `item` (`id` int);
-- Dump completed
"""


def read(text: str) -> Parts:
    """Return what a dump's text has."""
    parts = Parts()
    for line in text.encode().splitlines(keepends=True):
        parts.add(line)
    return parts


def differing(text: str) -> list[str]:
    """Return the parts that a changed dump has otherwise."""
    before, after = read(DUMP).digests(), read(text).digests()
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def test_every_table_view_and_set_of_routines_is_a_part() -> None:
    parts = read(DUMP)
    assert list(parts.digests()) == ["`shop`.`item`", "`shop`.`v`", "`shop` routines", "`store`.`item`"]
    assert dump.table_names(parts.digests()) == ["`shop`.`item`", "`store`.`item`"]
    assert parts.complete and parts.bytes == len(DUMP)


def test_a_changed_row_trigger_or_routine_changes_the_part_it_is_in() -> None:
    assert differing(DUMP.replace("(1),(2)", "(1),(3)")) == ["`shop`.`item`"]
    assert differing(DUMP.replace("@a = 1", "@a = 2")) == ["`shop`.`item`"]
    assert differing(DUMP.replace("SELECT 1", "SELECT 2")) == ["`shop` routines"]


def test_the_name_of_host_and_version_changes_no_part() -> None:
    assert differing(DUMP.replace("localhost", "other").replace("9.7.4", "9.7.5")) == []


def test_a_dump_that_was_cut_off_is_not_complete() -> None:
    assert not read(DUMP.replace("-- Dump completed\n", "")).complete


class GrantTables:
    """A session that knows the columns of two grant tables, and has a row of each."""

    def __init__(self) -> None:
        self.queries: list[tuple[str, Sequence[Any]]] = []

    def rows(self, query: str, args: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Answer a query for columns or rows."""
        self.queries.append((query, args))
        if "information_schema.columns" in query:
            columns = {"user": ["Host", "User", "plugin"], "role_edges": ["FROM_USER", "TO_USER"]}
            return [(name,) for name in columns.get(args[0], [])]
        return [("25", "6A6F65", None)] if "mysql.`user`" in query else [("72", "6A6F65")]


def test_accounts_are_kept_column_by_column_and_the_servers_own_are_not() -> None:
    session = GrantTables()
    statements = list(dump.accounts(cast("Session", session)))
    assert statements == [
        "REPLACE INTO mysql.`user` (`Host`, `User`, `plugin`) VALUES (_utf8mb4 0x25, _utf8mb4 0x6A6F65, NULL);\n",
        "REPLACE INTO mysql.`role_edges` (`FROM_USER`, `TO_USER`) VALUES (_utf8mb4 0x72, _utf8mb4 0x6A6F65);\n",
        "FLUSH PRIVILEGES;\n",
    ]
    of_users = next(args for query, args in session.queries if "FROM mysql.`user`" in query)
    assert {"root", "mysql.sys", "debian-sys-maint"} <= set(of_users)


def test_an_upload_has_few_enough_parts_however_large_the_data_is() -> None:
    assert dump.chunk_mib(0) == 16
    assert all(size // (dump.chunk_mib(size) << 20) < 10000 for size in (1 << 30, 1 << 40, 1 << 43))
