"""backups/load.py: which lines of a dump go to whom, and which indexes are added after the rows."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, cast

import pytest

from scripts.host.backups import load
from scripts.host.backups.load import Client, Loader, Sessions
from scripts.host.common.errors import HostError
from scripts.host.mysql import server

KEYED = """-- Current Database: `shop`
USE `shop`;
--
-- Table structure for table `item`
--

DROP TABLE IF EXISTS `item`;
CREATE TABLE `item` (
  `id` int NOT NULL,
  `name` varchar(9) DEFAULT 'KEY `x` (`y`)',
  PRIMARY KEY (`id`),
  UNIQUE KEY `u` (`name`),
  KEY `k` (`name`(3),`id` DESC) COMMENT 'one',
  KEY `l` (`id`) /*!80000 INVISIBLE */,
  FULLTEXT KEY `f` (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
--
-- Dumping data for table `item`
--

LOCK TABLES `item` WRITE;
/*!40000 ALTER TABLE `item` DISABLE KEYS */;
INSERT INTO `item` VALUES (1,'a');
INSERT INTO `item` VALUES (2,'UNLOCK TABLES;');
/*!40000 ALTER TABLE `item` ENABLE KEYS */;
UNLOCK TABLES;
DELIMITER ;;
CREATE TRIGGER `t` BEFORE INSERT ON `item` FOR EACH ROW set @a = 1 ;;
DELIMITER ;
"""
LATER = "ALTER TABLE `item` ADD KEY `k` (`name`(3),`id` DESC) COMMENT 'one', ADD KEY `l` (`id`) /*!80000 INVISIBLE */;"
ROWS = ["INSERT INTO `shop`.`item` VALUES (1,'a')", "INSERT INTO `shop`.`item` VALUES (2,'UNLOCK TABLES;')"]


class Told:
    """A client and sessions on paper: what each was told, in order."""

    def __init__(self) -> None:
        self.client: list[str] = []
        self.rows: list[str] = []

    def load(self, text: str, fits: bool = True) -> list[str]:
        """Load a dump and return the lines that the client was told, but for the first one, which is the loader's."""
        told = self

        class Of:
            def __init__(self, lines: list[str]) -> None:
                self.lines = lines

            def run(self, text: bytes) -> None:
                self.lines.append(text.decode())

            def wait(self) -> None:
                told.client.append("-- wait\n")

        loader = Loader(cast("Client", Of(self.client)), cast("Sessions", Of(self.rows)), lambda *_: fits)
        for line in text.encode().splitlines(keepends=True):
            loader.add(line)
        return "".join(self.client[1:]).splitlines()


def test_rows_go_to_the_sessions_between_the_table_and_its_plain_indexes() -> None:
    told = Told()
    lines = told.load(KEYED)
    assert told.rows == ROWS
    assert [line for line in lines if "KEY `" in line] == [
        "  `name` varchar(9) DEFAULT 'KEY `x` (`y`)',",
        "  UNIQUE KEY `u` (`name`),",
        "  FULLTEXT KEY `f` (`name`)",
        LATER,
    ]
    made, rows, added = (
        lines.index(") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;"),
        lines.index("-- wait"),
        lines.index(LATER),
    )
    assert made < rows < added < lines.index("DELIMITER ;;")
    assert not [line for line in lines if "LOCK TABLES" in line]


def test_without_room_to_sort_the_indexes_stay_where_they_are() -> None:
    told = Told()
    lines = told.load(KEYED, fits=False)
    create = KEYED[KEYED.index("CREATE TABLE") : KEYED.index(";\n--\n-- Dumping")]
    assert create in "\n".join(lines) and LATER not in lines
    assert told.rows == ROWS


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(("  PRIMARY KEY (`id`),\n", ""), id="no-primary-key"),
        pytest.param(("`item`", "`it``em`"), id="backtick-in-name"),
        pytest.param(("-- Current Database: `shop`\n", ""), id="no-database"),
    ],
)
def test_what_has_no_order_or_an_odd_name_goes_to_the_client_as_it_is(change: tuple[str, str]) -> None:
    """Without a primary key the rows' order is that of their arrival, and a drill compares it."""
    told, text = Told(), KEYED.replace(*change)
    assert told.load(text) == text.splitlines()
    assert told.rows == []


@pytest.mark.parametrize(
    ("change", "later"),
    [
        pytest.param(("ENGINE=InnoDB", "ENGINE=MyISAM"), "", id="other-engine"),
        pytest.param(
            ("  FULLTEXT KEY `f` (`name`)\n", "  CONSTRAINT `c` FOREIGN KEY (`id`) REFERENCES `other` (`id`)\n"),
            "",
            id="foreign-key",
        ),
        pytest.param(("int NOT NULL,", "int NOT NULL AUTO_INCREMENT,"), "", id="the-last-is-of-auto-increment"),
        pytest.param(("KEY `l` (`id`)", "KEY `l` ((`id` + 1))"), "", id="the-last-is-an-expression"),
        pytest.param(
            ("KEY `k` (`name`(3),`id` DESC)", "KEY `k` ((`id` + 1))"),
            "ALTER TABLE `item` ADD KEY `l` (`id`) /*!80000 INVISIBLE */;",
            id="the-first-is-an-expression",
        ),
    ],
)
def test_an_index_that_is_needed_at_once_stays_and_so_do_those_before_it(change: tuple[str, str], later: str) -> None:
    lines = Told().load(KEYED.replace(*change))
    assert [line for line in lines if line.startswith("ALTER TABLE")] == ([later] if later else [])


def test_a_table_that_an_earlier_one_refers_to_keeps_its_indexes() -> None:
    child = KEYED.replace("`item`", "`child`").replace(
        "  FULLTEXT KEY `f` (`name`)\n", "  CONSTRAINT `c` FOREIGN KEY (`id`) REFERENCES `item` (`name`)\n"
    )
    assert LATER not in Told().load(child + KEYED.partition("\n")[2])
    assert LATER in Told().load(child.replace("REFERENCES `item`", "REFERENCES `elsewhere`.`item`") + KEYED)


def test_lines_in_a_routine_and_pieces_of_a_long_line_are_passed_on() -> None:
    routine = "DELIMITER ;;\nCREATE PROCEDURE p() begin\n" + KEYED.partition("DELIMITER")[0] + "end ;;\nDELIMITER ;\n"
    told = Told()
    assert told.load(routine) == routine.splitlines()
    loader = Loader(cast("Client", (client := Pieces())), cast("Sessions", None), lambda *_: True)
    for piece in (b"INSERT INTO `a`", b"LOCK TABLES `item` WRITE;\n"):
        loader.add(piece)
    assert client.text.endswith(b"INSERT INTO `a`LOCK TABLES `item` WRITE;\n")


class Pieces:
    """A client that keeps what it is told."""

    text = b""

    def run(self, text: bytes) -> None:
        """Take a piece."""
        self.text += text


def test_indexes_are_sorted_only_in_half_of_the_free_room(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Usage:
        free = 8000

    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage)
    fits = load.room_for_keys({"`shop`.`item`": {"bytes": 1000}}, tmp_path)
    assert fits(b"`shop`.`item`", 2)
    assert not fits(b"`shop`.`item`", 3)


class Mysqld:
    """A session that refuses one statement."""

    ran: list[Any]

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def do(self, _statement: str) -> None:
        """Take a setting."""

    def rows(self, statement: bytes) -> None:
        """Take a statement."""
        if statement == b"wrong":
            raise server.Error(1062, "Duplicate entry")
        Mysqld.ran.append(statement)

    def close(self) -> None:
        """End."""


def test_a_refused_statement_ends_the_load_and_frees_whoever_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    Mysqld.ran = []
    monkeypatch.setattr(server, "Session", Mysqld)
    with Sessions("s", 2) as rows:
        for number in range(20):
            rows.run(b"%d" % number)
        rows.wait()
    assert sorted(Mysqld.ran) == sorted(b"%d" % number for number in range(20))
    with pytest.raises(HostError, match="Duplicate entry"), Sessions("s", 2) as rows:
        rows.run(b"wrong")
        rows.wait()
