// Which action a request to Datasette needs.
//
// Datasette decides in the end, so a rule here names one action without which Datasette refuses
// for certain. A rule that asks for too much would refuse what Datasette allows.

// Pages without `/-/`: the instance, a database, a table or query, a row. One action is enough.
const VIEWS = [["view-instance"], ["view-database"], ["view-table", "view-query"], ["view-table"]];

// Pages after `/-/`, and before it a database, a table or query, or a row.
const PAGES = {
  1: {
    "create-table": ["create", "foreign-key-targets"],
    "execute-sql": ["queries/analyze", "queries/store", "query", "query/parameters"],
    "execute-write-sql": ["execute-write", "execute-write/analyze"],
    "view-database": ["schema"],
  },
  2: {
    "alter-table": ["alter", "foreign-key-suggestions"],
    "drop-table": ["drop"],
    "insert-row": ["insert", "upsert"],
    "set-column-type": ["set-column-type"],
    "view-table": ["autocomplete", "count", "fragment", "schema"],
    "delete-query": ["delete"],
    "update-query": ["edit", "update"],
    "view-query": ["definition"],
  },
  3: { "delete-row": ["delete"], "update-row": ["update"] },
};
const ACTIONS = new Map(
  Object.entries(PAGES).flatMap(([parents, rules]) =>
    Object.entries(rules).flatMap(([action, pages]) => pages.map((page) => [`${parents} ${page}`, [action]]))),
);

/**
 * Returns `{actions, resource}`, or null for a path that has no rule. One of the actions is enough.
 * `resource` is null, a database, or a database and a table or query.
 */
export function requiredActions(url) {
  const path = url.split("?", 1)[0];
  // Datasette redirects from `%20` to `~20`, and from a slash at the end.
  if (/%|\/\/|.\/$/.test(path)) return null;
  const format = path.match(/\.\w+$/)?.[0] ?? "";
  const names = path.slice(1, path.length - format.length).split("/");
  const dash = names.indexOf("-");
  const parents = (dash < 0 ? names : names.slice(0, dash)).filter((name) => name);
  const actions = dash < 0 ? VIEWS[parents.length] : ACTIONS.get(`${parents.length} ${names.slice(dash + 1).join("/")}`);
  if (!actions) return null;
  const [database = null, child] = parents.map(tildeDecode);
  const download = actions === VIEWS[1] && format === ".db";
  return { actions: download ? ["view-database-download"] : actions, resource: child === undefined ? database : [database, child] };
}

/** Decodes a name in Datasette's paths, where `~2F` is a slash and `+` a space. */
function tildeDecode(name) {
  const bytes = name.replaceAll("+", " ").replace(/~([0-9A-Fa-f]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(bytes, "latin1").toString("utf8");
}
