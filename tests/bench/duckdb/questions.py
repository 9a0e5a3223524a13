"""What each report of `guestlog bench reports` asks, in SQL for DuckDB, and how the two answers are compared.

Every question has one or more variants: ways to ask it that give the same answer. The fastest one counts. All counts of
visitors, sessions and contacts are exact.
"""

# How the answers mean "no value".
NONE = "(none)"

# Name, path, and the part of the query before the filters: the reports that `guestlog bench reports` times
# (src/bench/report_list.rs), in the same words, so that the two tables can be laid side by side.
PAGES = [
    ("dashboard", "dashboard", "&compare=none"),
    ("dashboard, compared", "dashboard", "&compare=previous"),
    ("pages by visitors", "pages", "&compare=none"),
    ("pages, compared", "pages", "&compare=previous"),
    ("pages by views", "pages", "&compare=none&sort=page_views"),
    ("entry pages", "pages", "&compare=none&show=entry"),
    ("exit pages", "pages", "&compare=none&show=exit"),
    ("sources", "sources", "&compare=none"),
    ("campaigns", "sources", "&compare=none&by=campaign"),
    ("browsers", "devices", "&compare=none&by=browser"),
    ("countries", "countries", "&compare=none"),
    ("events", "events", "&compare=none"),
    ("event page", "events/{event}", "&compare=none"),
]
PERIODS = [("7 days", 7), ("30 days", 30), ("12 months", 365)]

# Columns of the table `event`, from those of the export. Texts that repeat are enums, so DuckDB groups and compares
# numbers. `visitor` is empty without a session, because reports count the visitors of sessions.
COLUMNS = {
    "happened_at": "cast(\"at\" as timestamp)",
    "is_view": "cast(kind = 'page_view' as utinyint)",
    "visitor": "case when session is not null then cast(visitor as uinteger) end",
    "session": "cast(session as uinteger)",
    "contact": "cast(contact_id as uinteger)",
    "bounced": "cast(coalesce(bounced, 'false') = 'true' as utinyint)",
    "suspected_view": "cast(kind = 'page_view' and coalesce(suspected, 'false') = 'true' as utinyint)",
    "engaged_ms": "coalesce(cast(engaged_ms as uinteger), 0)",
    "event": "cast(event_id as uinteger)",
    "value_minor": "cast(coalesce(cast(value as decimal(18, 2)), 0) * 100 as integer)",
}
ENUMS = {
    "page": "host || path",
    "entry_page": "entry_host || entry_path",
    "exit_page": "exit_host || exit_path",
    "source": "source",
    "source_detail": "source_detail",
    "utm_source": "utm_source",
    "utm_medium": "utm_medium",
    "utm_campaign": "utm_campaign",
    "device": "device",
    "browser": "browser",
    "os": "os",
    "country": "country",
}


class Period:
    """A half-open range of times, with the part of the query that filters stand for."""

    def __init__(self, first, end, step, filters):
        self.step = step
        values = " and ".join(
            [f"happened_at >= timestamp '{first}'", f"happened_at < timestamp '{end}'"]
            + [f"{column} = '{value}'" for column, value in filters]
        )
        self.where = values

    def at(self):
        return f"date_trunc('{self.step}', happened_at)"


def text(value):
    return NONE if value is None else value


# Tables that are grouped by one key ------------------------------------------------------------------------------

SUMS = (
    "sum(is_view) as page_views, sum(engaged_ms) as engaged_ms, sum(bounced) as bounces,"
    " sum(suspected_view) as suspected"
)


def group_sql(keys, where):
    """Everything a table shows, grouped by its keys."""
    return (
        f"select {keys}, count(distinct visitor) as visitors, count(distinct session) as sessions, {SUMS}"
        f" from event where {where} group by {keys}"
    )


def group_nested_sql(keys, where):
    """The same in two steps: first the rows of a session become one."""
    runs = (
        f"select {keys}, visitor, session, {SUMS} from event where {where} group by {keys}, visitor, session"
    )
    return (
        f"select {keys}, count(distinct visitor) as visitors, count(distinct session) as sessions,"
        " sum(page_views) as page_views, sum(engaged_ms) as engaged_ms, sum(bounces) as bounces,"
        f" sum(suspected) as suspected from ({runs}) group by {keys}"
    )


def top_sql(grouped, keys, sort, limit=100):
    labels = ", ".join(f"cast({key} as varchar)" for key in keys.split(", "))
    return (
        f"select {labels}, visitors, sessions, page_views, engaged_ms // 1000, bounces,"
        f" count(*) over () as groups, sum(suspected) over () as suspected, {sort} as sorted"
        f" from ({grouped}) order by {sort} desc, {labels} limit {limit}"
    )


class Table:
    """A page with one table."""

    def __init__(self, keys, sort="visitors", needs_session=True, skips_empty=False, name=None):
        self.keys = keys
        self.sort = sort
        self.count = len(keys.split(", "))
        self.name = name
        self.more = ""
        if needs_session:
            self.more += " and session is not null"
        if skips_empty:
            all_empty = " and ".join(f"{key} is null" for key in keys.split(", "))
            self.more += f" and not ({all_empty})"

    def variants(self, period, _before, _event):
        where = period.where + self.more

        def ask(make):
            sql = top_sql(make(self.keys, where), self.keys, self.sort)
            return lambda con: self.read(con.execute(sql).fetchall())

        return {"distinct": ask(group_sql), "nested": ask(group_nested_sql)}

    def read(self, rows):
        n = self.count
        return {
            "table": [
                (tuple(map(text, row[:n])), tuple(int(v) for v in row[n : n + 5]), int(row[n + 7])) for row in rows
            ],
            "groups": int(rows[0][n + 5]) if rows else 0,
            "suspected": int(rows[0][n + 6]) if rows else 0,
        }

    def guestlog(self, answer):
        rows = []
        for row in answer["rows"]:
            bounces = round((row["bounce_rate"] or 0) * row["sessions"])
            # Only pages say how long they were visible.
            engaged = row.get("engaged_seconds")
            figures = (row["visitors"], row["sessions"], row["page_views"], engaged, bounces)
            rows.append((self.name(row), figures, row[self.sort]))
        return {"table": rows, "groups": answer["total"], "suspected": answer.get("suspected_page_views", 0)}


class ComparedPages(Table):
    """Pages, and the figures of the same pages in the period before."""

    def variants(self, period, before, _event):
        where = period.where + self.more

        def ask(make):
            first = top_sql(make(self.keys, where), self.keys, self.sort)

            def run(con):
                found = self.read(con.execute(first).fetchall())
                names = [row[0][0] for row in found["table"]]
                earlier = (
                    "select cast(page as varchar), count(distinct visitor), count(distinct session), sum(is_view)"
                    f" from event where {before.where} and page in (select unnest(?)) group by page"
                )
                rows = con.execute(earlier, [names]).fetchall() if names else []
                found["before"] = {(row[0],): tuple(map(int, row[1:])) for row in rows}
                return found

            return run

        return {"distinct": ask(group_sql), "nested": ask(group_nested_sql)}

    def guestlog(self, answer):
        found = super().guestlog(answer)
        keys = ("visitors", "sessions", "page_views")
        before = {self.name(row): tuple(row["before"][key] for key in keys) for row in answer["rows"]}
        found["before"] = {name: figures for name, figures in before.items() if any(figures)}
        return found


# The dashboard ---------------------------------------------------------------------------------------------------

FIGURES = (
    "count(distinct visitor) as visitors, count(distinct session) as sessions, sum(is_view) as page_views,"
    " count(*) - sum(is_view) as completions, sum(value_minor) as value"
)


def figures(row):
    return tuple(int(value or 0) for value in row)


class Dashboard:
    """The key figures, the chart, and the first ten rows of five tables."""

    panels = ["source", "page", "device", "country"]

    def __init__(self, is_compared):
        self.is_compared = is_compared

    def variants(self, period, before, _event):
        def both(of):
            def run(con):
                answer = of(con, period)
                if self.is_compared:
                    answer["before"] = self.totals(con, before)
                return answer

            return run

        return {"grouping sets": both(self.at_once), "separate": both(self.separate)}

    def totals(self, con, period):
        sql = (
            f"select s, {FIGURES} from (select {period.at()} as s, * from event where {period.where})"
            " group by grouping sets ((), (s)) order by s nulls first"
        )
        rows = con.execute(sql).fetchall()
        return {"kpi": figures(rows[0][1:]), "series": {row[0]: figures(row[1:]) for row in rows[1:]}}

    def separate(self, con, period):
        answer = self.totals(con, period)
        suspected = con.execute(f"select sum(suspected_view) from event where {period.where}").fetchone()
        answer["suspected"] = int(suspected[0] or 0)
        for key in self.panels:
            where = period.where + (" and page is not null" if key == "page" else " and session is not null")
            rows = con.execute(top_sql(group_sql(key, where), key, "visitors", 10)).fetchall()
            answer[key] = [((text(row[0]),), figures(row[1:4]), int(row[1])) for row in rows]
            answer[key + "_groups"] = int(rows[0][6]) if rows else 0
        sql = (
            "select event, count(*), sum(value_minor) from event"
            f" where {period.where} and event is not null group by event"
        )
        answer["events"] = {row[0]: figures(row[1:]) for row in con.execute(sql).fetchall()}
        return answer

    def at_once(self, con, period):
        keys = ["s", *self.panels, "event"]
        sets = ", ".join(f"({key})" for key in keys)
        labels = ", ".join(["s", *(f"cast({key} as varchar)" for key in self.panels), "event"])
        # A bit per key that a row is not grouped by; the bit of the first key is the highest one.
        all_bits = (1 << len(keys)) - 1
        bit = {key: all_bits ^ (1 << (len(keys) - 1 - n)) for n, key in enumerate(keys)}
        of_sessions = f"g in ({bit['source']}, {bit['device']}, {bit['country']})"
        sql = (
            f"select g, {labels}, visitors, sessions, page_views, completions, value, suspected,"
            " count(*) over (partition by g) as groups"
            f" from (select grouping({', '.join(keys)}) as g, {', '.join(keys)}, {FIGURES},"
            "  sum(suspected_view) as suspected"
            f"  from (select {period.at()} as s, * from event where {period.where})"
            f"  group by grouping sets ((), {sets}))"
            f" where not (g = {bit['page']} and page is null) and not (g = {bit['event']} and event is null)"
            f" and not ({of_sessions} and sessions = 0)"
            f" qualify g in ({all_bits}, {bit['s']}, {bit['event']})"
            f" or row_number() over (partition by g order by visitors desc, {labels}) <= 10"
        )
        answer = {"kpi": (0,) * 5, "series": {}, "events": {}, "suspected": 0}
        for key in self.panels:
            answer[key], answer[key + "_groups"] = [], 0
        first = 1 + len(keys)
        for row in con.execute(sql).fetchall():
            group, found = row[0], figures(row[first : first + 5])
            if group == all_bits:
                answer["kpi"], answer["suspected"] = found, int(row[first + 5] or 0)
            elif group == bit["s"]:
                answer["series"][row[1]] = found
            elif group == bit["event"]:
                answer["events"][row[len(keys)]] = found[3:]
            for n, key in enumerate(self.panels):
                if group == bit[key]:
                    answer[key].append(((text(row[2 + n]),), found[:3], found[0]))
                    answer[key + "_groups"] = int(row[first + 6])
        return answer

    def guestlog(self, answer):
        kpi = lambda of: (of["visitors"], of["sessions"], of["page_views"], of["completions"], minor(of["revenue"]))
        series = lambda points: {moment(point["at"]): kpi(point) for point in points if any(kpi(point))}
        found = {
            "kpi": kpi(answer["kpi"]),
            "series": series(answer["series"]),
            "suspected": answer["suspected_page_views"],
            "events": {
                int(row["id"]): (row["completions"], minor(row["value"])) for row in answer["events"]["rows"]
            },
        }
        names = {
            "source": ("sources", lambda row: (row["source"],)),
            "page": ("pages", page_name),
            "device": ("devices", one_name),
            "country": ("countries", one_name),
        }
        for key, (table, name) in names.items():
            rows = answer[table]["rows"]
            counts = lambda row: (row["visitors"], row["sessions"], row["page_views"])
            found[key] = [(name(row), counts(row), row["visitors"]) for row in rows]
            found[key + "_groups"] = answer[table]["total"]
        if self.is_compared:
            before = answer["compare"]
            found["before"] = {"kpi": kpi(before), "series": series(before["series"])}
        return found


# Events ----------------------------------------------------------------------------------------------------------


class Events:
    """All events with their completions, contacts and value, and a small chart each."""

    def variants(self, period, _before, _event):
        where = f"{period.where} and event is not null"
        figures_sql = "count(*), count(distinct contact), sum(value_minor)"

        def separate(con):
            rows = con.execute(f"select event, {figures_sql} from event where {where} group by event").fetchall()
            points = con.execute(
                f"select event, {period.at()} as s, count(*) from event where {where} group by event, s"
            ).fetchall()
            return {
                "events": {row[0]: figures(row[1:]) for row in rows},
                "series": {(row[0], row[1]): row[2] for row in points},
            }

        def at_once(con):
            sql = (
                f"select event, s, {figures_sql} from (select {period.at()} as s, * from event where {where})"
                " group by grouping sets ((event), (event, s))"
            )
            answer = {"events": {}, "series": {}}
            for row in con.execute(sql).fetchall():
                if row[1] is None:
                    answer["events"][row[0]] = figures(row[2:])
                else:
                    answer["series"][(row[0], row[1])] = row[2]
            return answer

        return {"separate": separate, "grouping sets": at_once}

    def guestlog(self, answer, edges):
        rows = answer["rows"]
        of = lambda row: (row["completions"], row["contacts"], minor(row["value"]))
        points = {}
        for row in rows:
            for at, count in zip(edges, row["series"]):
                if count:
                    points[(int(row["id"]), at)] = count
        return {"events": {int(row["id"]): of(row) for row in rows if any(of(row))}, "series": points}


class Event:
    """One event: its figures, its chart, who completed it, and with what."""

    panels = [
        ("browser", "browsers"),
        ("os", "systems"),
        ("device", "devices"),
        ("page", "pages"),
        ("source", "sources"),
        ("country", "countries"),
    ]

    def variants(self, period, _before, event):
        where = f"{period.where} and event = {event}"
        return {
            "grouping sets": lambda con: self.at_once(con, period, where),
            "separate": lambda con: self.separate(con, period, where),
        }

    def separate(self, con, period, where):
        total = (
            "select count(distinct visitor), count(distinct session), count(*), sum(value_minor)"
            f" from event where {where}"
        )
        series = f"select {period.at()} as s, count(*), sum(value_minor) from event where {where} group by s"
        contacts = (
            "select contact, count(*) as completions, sum(value_minor), max(happened_at), count(*) over ()"
            f" from event where {where} and contact is not null group by contact"
            " order by completions desc, contact limit 100"
        )
        found = con.execute(contacts).fetchall()
        answer = {
            "total": figures(con.execute(total).fetchone()),
            "series": {row[0]: figures(row[1:]) for row in con.execute(series).fetchall()},
            "contacts": [((row[0],), (row[1], int(row[2]), row[3]), row[1]) for row in found],
            "contacts_groups": found[0][4] if found else 0,
        }
        for key, _ in self.panels:
            more = "page is not null" if key == "page" else "session is not null"
            sql = (
                f"select cast({key} as varchar), count(*) as completions, count(distinct visitor), sum(value_minor)"
                f" from event where {where} and {more} group by {key} order by completions desc, 1 limit 10"
            )
            rows = con.execute(sql).fetchall()
            answer[key] = [((text(row[0]),), figures(row[1:]), int(row[1])) for row in rows]
        return answer

    def at_once(self, con, period, where):
        keys = ["s", "contact", *(key for key, _ in self.panels)]
        all_bits = (1 << len(keys)) - 1
        bit = {key: all_bits ^ (1 << (len(keys) - 1 - n)) for n, key in enumerate(keys)}
        labels = ", ".join(["s", "contact", *(f"cast({key} as varchar)" for key, _ in self.panels)])
        of_rows = f"g in ({all_bits}, {bit['s']}, {bit['contact']}, {bit['page']})"
        sql = (
            f"select g, {labels}, visitors, sessions,"
            f" case when {of_rows} then completions else of_sessions end as shown,"
            f" case when {of_rows} then value else value_of_sessions end, last, count(*) over (partition by g)"
            f" from (select grouping({', '.join(keys)}) as g, {', '.join(keys)},"
            "  count(distinct visitor) as visitors, count(distinct session) as sessions, count(*) as completions,"
            "  sum(value_minor) as value, count(session) as of_sessions,"
            "  sum(value_minor) filter (session is not null) as value_of_sessions, max(happened_at) as last"
            f"  from (select {period.at()} as s, * from event where {where})"
            f"  group by grouping sets ((), {', '.join(f'({key})' for key in keys)}))"
            f" where not (g = {bit['page']} and page is null) and not (g = {bit['contact']} and contact is null)"
            f" and ({of_rows} or of_sessions > 0)"
            f" qualify g in ({all_bits}, {bit['s']}) or row_number() over (partition by g order by shown desc, {labels})"
            f" <= case when g = {bit['contact']} then 100 else 10 end"
        )
        answer = {"total": (0,) * 4, "series": {}, "contacts": [], "contacts_groups": 0}
        answer.update({key: [] for key, _ in self.panels})
        first = 1 + len(keys)
        for row in con.execute(sql).fetchall():
            visitors, sessions, completions, value, last, groups = row[first:]
            value = int(value or 0)
            if row[0] == all_bits:
                answer["total"] = (visitors, sessions, completions, value)
            elif row[0] == bit["s"]:
                answer["series"][row[1]] = (completions, value)
            elif row[0] == bit["contact"]:
                answer["contacts"].append(((row[2],), (completions, value, last), completions))
                answer["contacts_groups"] = groups
            for n, (key, _) in enumerate(self.panels):
                if row[0] == bit[key]:
                    answer[key].append(((text(row[3 + n]),), (completions, visitors, value), completions))
        return answer

    def guestlog(self, answer):
        points = {moment(p["at"]): (p["completions"], minor(p["value"])) for p in answer["series"]}
        contacts = [
            ((row["contact_id"],), (row["completions"], minor(row["value"]), moment(row["last"])), row["completions"])
            for row in answer["completed_by"]
        ]
        found = {
            "total": (answer["visitors"], answer["sessions"], answer["completions"], minor(answer["value"])),
            "series": {at: point for at, point in points.items() if any(point)},
            "contacts": contacts,
            "contacts_groups": answer["contacts"],
        }
        for key, name in self.panels:
            found[key] = [
                (
                    ((row.get("host") or "") + row["name"],),
                    (row["completions"], row["visitors"], minor(row["value"])),
                    row["completions"],
                )
                for row in answer[name]
            ]
        return found


# Comparing -------------------------------------------------------------------------------------------------------


def minor(decimal):
    """Minor units of a decimal number."""
    from decimal import Decimal

    return int(Decimal(decimal) * 100)


def moment(iso):
    """A time as DuckDB answers it."""
    from datetime import datetime

    return datetime.fromisoformat(iso.replace("Z", "+00:00")).replace(tzinfo=None)


def page_name(row):
    return (row["host"] + row["path"],)


def one_name(row):
    return (row["name"],)


def differences(ours, theirs):
    """What differs between the answer of Guestlog and that of DuckDB; empty when they are equal."""
    found = []
    for key in sorted(set(ours) | set(theirs)):
        left, right = ours.get(key), theirs.get(key)
        if isinstance(left, list):
            found += [f"{key}: {line}" for line in table_differences(left, right)]
        elif isinstance(left, dict) and isinstance(right, dict):
            for name in sorted(set(left) | set(right), key=str):
                if left.get(name) != right.get(name):
                    found.append(f"{key} {name}: {left.get(name)} and {right.get(name)}")
        elif left != right:
            found.append(f"{key}: {left} and {right}")
    return found


def table_differences(ours, theirs):
    """Two tables of the greatest groups. Where groups are equal in what they are sorted by, either may be the last."""
    values = lambda table: sorted((row[2] for row in table), reverse=True)
    if values(ours) != values(theirs):
        return [f"{len(ours)} rows sorted by {values(ours)[:5]}… and {len(theirs)} by {values(theirs)[:5]}…"]
    last = min(values(ours), default=0)
    left, right = ({row[0]: row for row in table} for table in (ours, theirs))
    found = []
    for name in sorted(set(left) | set(right), key=str):
        a, b = left.get(name), right.get(name)
        if a is None or b is None:
            if (a or b)[2] != last:
                found.append(f"{name} is only in one of them: {a or b}")
        elif any(x != y for x, y in zip(a[1], b[1]) if x is not None):
            found.append(f"{name}: {a[1]} and {b[1]}")
    return found


QUESTIONS = {
    "dashboard": Dashboard(False),
    "dashboard, compared": Dashboard(True),
    "pages by visitors": Table("page", needs_session=False, skips_empty=True, name=page_name),
    "pages, compared": ComparedPages("page", needs_session=False, skips_empty=True, name=page_name),
    "pages by views": Table("page", "page_views", needs_session=False, skips_empty=True, name=page_name),
    "entry pages": Table("entry_page", skips_empty=True, name=page_name),
    "exit pages": Table("exit_page", skips_empty=True, name=page_name),
    "sources": Table("source, source_detail", name=lambda row: (row["source"], row["detail"])),
    "campaigns": Table(
        "utm_source, utm_medium, utm_campaign",
        skips_empty=True,
        name=lambda row: (row["utm_source"], row["utm_medium"], row["campaign"]),
    ),
    "browsers": Table("browser", name=one_name),
    "countries": Table("country", name=one_name),
    "events": Events(),
    "event page": Event(),
}
