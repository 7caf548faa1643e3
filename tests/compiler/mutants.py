"""The compiler with one rule removed: the named shapes must detect each removal."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "orchestration" / "fdwarehouse"


@dataclass(frozen=True)
class Mutant:
    """One rule removed.

    Attributes:
        name: what is wrong with it.
        module: its file below `compiler/`.
        old: the text that follows the rule, once in the file.
        new: its replacement.
        shapes: those that detect it.
    """

    name: str
    module: str
    old: str
    new: str
    shapes: tuple[str, ...]


def _mutant(name: str, module: str, old: str, new: str, shapes: str) -> Mutant:
    return Mutant(name, f"{module}.py", old, new, tuple(shapes.split()))


_BOTH = "revenue_by_country histogram key_of_two_tables sessions"
_PARTITIONS = "order_numbers running_balance rank_in_country"
_NETTED = "(*values, *rows, *read)"
_BY_RUN = "if not relation.removes_rows and columns <= key:"
_DELTA = "return Delta((*_delta_of_rows(context, block, outputs, label), arm))"
_IMAGES = 'having=(operation("<>", total, Literal(0)),)'
_AS_BEFORE = '_all_of(before(context, now), columns, "Their old rows."),'
_AS_NOW = '_all_of(now, columns, "Their new rows."),'
_BEFORE = 'operation("=", Column("t", RUN_ID), least(Column("t", RUN_ID), AFTER))'
_ALONG = "and c not in kept)\n"

MUTANTS = [
    _mutant("equal_values_are_the_same", "changes",
            "return (column, image(column)) if can_be_grouped(fact.type) else ",
            "return (column,) if can_be_grouped(fact.type) else ", "interval_groups amounts"),
    _mutant("ties_are_cut_off", "printing", "if select.has_ties else", "if False else",
            "lateral_limit_ties"),
    _mutant("old_images_left_out", "changes", _IMAGES, _IMAGES.replace("<>", ">"),
            "daily_sales fact_sales revenue_by_country"),
    _mutant("unlogged_rows_left_out", "changes", 'boolean("NOT_EXPR", is_new)', "Literal(False)",
            "revenue_by_country category_months histogram rank_in_country"),
    _mutant("old_state_with_new_rows", "changes",
            "conditions=(" + _BEFORE + ",),", "",
            "except_of_groups cohorts referrals nullable_groups"),
    _mutant("outer_joins_on_the_path_are_inner", "arms", _ALONG,
            "and c not in kept) + tuple(c for i in between for c in i.on)\n",
            "joined_by_a_missing_row orders_wide"),
    _mutant("where_decides_on_the_nullable_side", "arms", "among = item.on if item.is_nullable",
            "among = (*item.on, *chain.conditions) if item.is_nullable",
            "unpaid_orders totals_filtered two_versions"),
    _mutant("net_without_path", "reach", _NETTED, "(*values, *read)", "known_orders"),
    _mutant("net_without_what_is_read", "reach", _NETTED, "(*values, *rows)",
            "fact_sales two_versions segments"),
    _mutant("null_keys_left_out", "restrict",
            "if not any(shape.can_be_null(select, v) for v in values):", "if True:",
            "null_partitions rank_in_country histogram nullable_groups"),
    _mutant("values_as_they_are_alone", "delta", _AS_BEFORE, "", _BOTH),
    _mutant("values_as_they_were_alone", "delta", _AS_NOW, "", _BOTH),
    _mutant("by_run_whatever_it_is_joined_by", "arms", _BY_RUN, "if not relation.removes_rows:",
            "unpaid_orders order_lines referrals open_orders"),
    _mutant("by_run_where_rows_go", "arms", _BY_RUN, "if columns <= key:",
            "sale_codes orders_in_euro joined_by_a_missing_row running_balance"),
    _mutant("subqueries_have_no_arms", "arms",
            "found += _arms_of_subqueries(frame, chain, _parts(select))\n    return tuple(found)",
            "return tuple(found)", "open_orders subqueries vip_orders"),
    _mutant("subqueries_in_subqueries_have_no_arms", "arms",
            "return found + _arms_of_subqueries(frame, chain, _parts(select))", "return found",
            "subqueries"),
    _mutant("lateral_has_no_arms", "arms",
            "return _arms_within(frame, chain, item.source, ())", "return []", "last_payment"),
    _mutant("in_is_equality", "arms", "if subquery is part and subquery.link is Link.ANY:",
            "if subquery.link is Link.ANY:", "never_in_bulk in_as_a_value not_in_of_two"),
    _mutant("all_is_true_where_null", "arms", 'else "IS_NOT_TRUE"', 'else "IS_NOT_FALSE"',
            "dearer_than_all"),
    _mutant("changed_rows_of_partitions_left_out", "delta", _DELTA, "return Delta((arm,))",
            _PARTITIONS),
    _mutant("other_rows_of_partitions_left_out", "delta", _DELTA,
            "return Delta(_delta_of_rows(context, block, outputs, label))", _PARTITIONS),
    _mutant("one_side_of_a_set_operation", "delta", "for side in (block.left, block.right):",
            "for side in (block.left,):", "timeline ledger never_paid"),
    _mutant("except_restricted_too_much", "restrict",
            "(left is None or not is_exact(block.left, named(block.left)))",
            "False", "except_of_a_table"),
    _mutant("partition_of_the_first_window", "shape",
            "tuple(e for e in dict.fromkeys(lists[0]) if all(e in other for other in lists))",
            "tuple(dict.fromkeys(lists[0]))", "finer_window_first"),
    _mutant("conditions_on_unknown_columns_of_the_root", "arms",
            "and {x.name for x in columns_in(c)} <= changed.columns", "",
            "german_items orders_wide unpaid_orders vip_orders fact_sales"),
    _mutant("through_itself_though_it_decides_which_rows", "reach",
            "aliases_in((select.conditions, outputs, others))", "aliases_in((outputs, others))",
            "members_as_of"),
    _mutant("through_itself_though_others_hang_on_it", "reach",
            "aliases_in((select.conditions, outputs, others))",
            "aliases_in((select.conditions, outputs))", "letters_as_of"),
    _mutant("spans_begin_late", "spans",
            'begins = _greatest(Column("d", start), nullif(least, greatest))', "begins = greatest",
            "items_as_of"),
    _mutant("spans_though_ends_are_read", "spans",
            "or {start, end} & set(read)", "", "periods_as_of"),
    _mutant("one_arm_of_a_derived_table", "delta",
            "return keys_step(found.arms, ", "return keys_step(found.arms[:1], ",
            "ledger top_products"),
    _mutant("extremes_are_never_gone", "aggregates",
            'f"d.{went} {further}= t.{name} AND (d.{came} {further}= d.{went}) IS NOT TRUE",',
            "None,", "revenue_by_country product_performance lifetime_value stock"),
    _mutant("groups_named_as_keys_are_keys", "statement",
            'are_keys and all(outputs[k] == Column("s", k) for k in target.key)',
            "set(target.key) == set(counting.groups)", "composite_nullable"),
    _mutant("no_group_is_null", "counting",
            "keys = {select.output(k) for k in key} if not select.having else set()",
            "keys = {g.value for g in groups}", "composite_nullable nullable_groups"),
]  # fmt: skip


def mutated(mutant: Mutant, folder: Path) -> Path:
    """Copy the package with one text replaced; return what belongs on the path."""
    copy = folder / "fdwarehouse"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (file,) = (copy / "compiler").rglob(mutant.module)
    text = file.read_text(encoding="utf-8")
    assert text.count(mutant.old) == 1, f"{mutant.name}: {text.count(mutant.old)} places"
    file.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    return folder


def wrong_shapes(mutant: Mutant, url: str, folder: Path, series: int = 60) -> list[str]:
    """Try a mutant until a table differs from its SELECT.

    Args:
        mutant: the rule that is left out.
        url: connection string of an empty database.
        folder: an empty folder, for the mutated package.
        series: how many to try.

    Returns:
        The shapes that were wrong; none if none detected it.
    """
    path = os.pathsep.join([str(mutated(mutant, folder)), str(ROOT)])
    done = subprocess.run(
        [sys.executable, "-m", "tests.compiler.series", url, str(series), *mutant.shapes],
        env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{mutant.name}: {done.stderr[-2000:]}")
    return done.stdout.split()
