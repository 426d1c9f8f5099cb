"""The tree of accounts: groups of companies, their parts, and what all of them come to.

Whoever changes a parent holds one lock to the commit, so that two who move at once can't close a
circle that neither of them sees.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NoReturn
from uuid import UUID

from sqlalchemy import func, literal, select

from services.crm.account_model import Account
from services.crm.contact_model import Contact
from services.crm.deal_model import Deal
from services.errors import Invalid
from services.unit_of_work import UnitOfWork

MAX_DEPTH = 10
"""How many accounts stand below one another at most."""

MAX_SHOWN = 500
_LOCK = 7_241_001


@dataclass(slots=True)
class TreeNode:
    """An account in its tree.

    Attributes:
        depth: 0 for the topmost that is visible.
        contacts: How many the account itself has, as far as the actor may see them.
        open_deals: The same of its deals that are neither won nor lost.
        amounts: Currency → what the open deals come to.
        total_contacts: Those of the accounts below it included; so the other totals.
    """

    id: UUID
    name: str
    parent_id: UUID | None
    depth: int = 0
    contacts: int = 0
    open_deals: int = 0
    amounts: dict[str, Decimal] = field(default_factory=dict)
    total_contacts: int = 0
    total_open_deals: int = 0
    total_amounts: dict[str, Decimal] = field(default_factory=dict)


def hold_tree(uow: UnitOfWork) -> None:
    """Wait for whoever changes a parent now, and hold the tree to the commit."""
    uow.session.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def check_circle(uow: UnitOfWork, account_id: UUID) -> None:
    """Check that an account, as it stands in the tree now, is not below itself.

    Raises:
        Invalid: It is, or the tree became too deep.
    """
    uow.session.flush()
    hold_tree(uow)
    above = _above(uow, account_id)
    if account_id in above:
        _refuse("An account can't be a part of itself.")
    if len(above) + _height(uow, account_id) > MAX_DEPTH:
        _refuse(f"A tree of accounts is at most {MAX_DEPTH} deep.")


def check_parent(uow: UnitOfWork, account_id: UUID | None, parent_id: UUID | None) -> None:
    """Check that an account may become a part of another; ``account_id`` is None for a new one.

    Raises:
        Invalid: It is the account itself, or one below it, or the tree would become too deep.
        NotFound: The actor may not see it.
    """
    if parent_id is None:
        return
    uow.get(Account, parent_id)
    hold_tree(uow)
    above = [parent_id, *_above(uow, parent_id)]
    if account_id in above:
        _refuse("An account can't be a part of itself.")
    height = 1 if account_id is None else _height(uow, account_id)
    if len(above) + height > MAX_DEPTH:
        _refuse(f"A tree of accounts is at most {MAX_DEPTH} deep.")


def below(account_id: UUID) -> Any:
    """Return the query of the keys of an account and of all below it, whoever may see them."""
    tree = select(Account.id, literal(0).label("depth")).where(Account.id == account_id)
    walk = tree.cte("below", recursive=True)
    step = select(Account.id, walk.c.depth + 1).join(walk, Account.parent_id == walk.c.id)
    walk = walk.union_all(step.where(walk.c.depth < MAX_DEPTH))
    return select(walk.c.id)


def tree_of(uow: UnitOfWork, account: Account) -> list[TreeNode]:
    """Return the whole tree that an account stands in, each followed by those below it.

    What the actor may not see is left out, and what is below that hangs on the next above.
    An account that is alone is a tree of one. At most ``MAX_SHOWN`` are counted.
    """
    path = [account.id, *_above(uow, account.id)]
    rows = _rows_below(uow, path[-1])
    shown = _visible_nodes(uow, rows)
    _count(uow, shown)
    return list(_in_order(shown))


def _above(uow: UnitOfWork, account_id: UUID) -> list[UUID]:
    """Return the keys above an account, the nearest first; with itself if there is a circle."""
    walk = (
        select(Account.parent_id.label("id"), literal(1).label("depth"))
        .where(Account.id == account_id, Account.parent_id.is_not(None))
        .cte("above", recursive=True)
    )
    step = select(Account.parent_id, walk.c.depth + 1).join(walk, Account.id == walk.c.id)
    walk = walk.union_all(step.where(Account.parent_id.is_not(None), walk.c.depth < 2 * MAX_DEPTH))
    return list(uow.session.scalars(select(walk.c.id).order_by(walk.c.depth)))


def _height(uow: UnitOfWork, account_id: UUID) -> int:
    """Return how many accounts stand below one another from this one on, itself included."""
    walk = select(Account.id, literal(1).label("depth")).where(Account.id == account_id)
    tree = walk.cte("height", recursive=True)
    step = select(Account.id, tree.c.depth + 1).join(tree, Account.parent_id == tree.c.id)
    tree = tree.union_all(step.where(tree.c.depth <= MAX_DEPTH))
    return uow.session.scalar(select(func.max(tree.c.depth))) or 1


def _rows_below(uow: UnitOfWork, top: UUID) -> dict[UUID, UUID | None]:
    """Return key → parent of a whole tree."""
    statement = select(Account.id, Account.parent_id).where(Account.id.in_(below(top)))
    rows = uow.session.execute(statement.limit(MAX_SHOWN)).all()
    return {row.id: None if row.id == top else row.parent_id for row in rows}


def _visible_nodes(uow: UnitOfWork, parents: Mapping[UUID, UUID | None]) -> dict[UUID, TreeNode]:
    statement = uow.select(Account).with_only_columns(Account.id, Account.name)
    rows = uow.session.execute(statement.where(Account.id.in_(list(parents)))).all()
    names: dict[UUID, str] = {row.id: row.name for row in rows}
    nodes = {}
    for key, name in sorted(names.items(), key=lambda item: item[1].casefold()):
        parent = parents[key]
        while parent is not None and parent not in names:
            parent = parents.get(parent)
        nodes[key] = TreeNode(key, name, parent)
    return nodes


def _count(uow: UnitOfWork, nodes: Mapping[UUID, TreeNode]) -> None:
    keys = list(nodes)
    contacts: Any = uow.select(Contact).with_only_columns(Contact.account_id, func.count())
    contacts = contacts.where(Contact.account_id.in_(keys)).group_by(Contact.account_id)
    for key, number in uow.session.execute(contacts):
        nodes[key].contacts = number
    deals: Any = uow.select(Deal).with_only_columns(
        Deal.account_id, Deal.currency, func.count(), func.sum(Deal.amount)
    )
    deals = deals.where(Deal.account_id.in_(keys), Deal.closed_at.is_(None))
    for key, currency, number, amount in uow.session.execute(
        deals.group_by(Deal.account_id, Deal.currency)
    ):
        nodes[key].open_deals += number
        nodes[key].amounts[currency] = amount


def _in_order(nodes: Mapping[UUID, TreeNode]) -> Iterator[TreeNode]:
    """Yield the nodes from the top down, with depth and totals."""
    parts: dict[UUID | None, list[TreeNode]] = defaultdict(list)
    for node in nodes.values():
        parts[node.parent_id].append(node)

    def visit(node: TreeNode, depth: int) -> list[TreeNode]:
        node.depth = depth
        lower = [visit(part, depth + 1) for part in parts[node.id]]
        _add_up(node, [branch[0] for branch in lower])
        return [node, *(one for branch in lower for one in branch)]

    for top in parts[None]:
        yield from visit(top, 0)


def _add_up(node: TreeNode, parts: Sequence[TreeNode]) -> None:
    node.total_contacts = node.contacts + sum(part.total_contacts for part in parts)
    node.total_open_deals = node.open_deals + sum(part.total_open_deals for part in parts)
    node.total_amounts = dict(node.amounts)
    for part in parts:
        for currency, amount in part.total_amounts.items():
            node.total_amounts[currency] = node.total_amounts.get(currency, Decimal(0)) + amount


def _refuse(message: str) -> NoReturn:
    raise Invalid(message, {"parent_id": [message]})
