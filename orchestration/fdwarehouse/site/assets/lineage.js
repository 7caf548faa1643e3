// The graph of tables, or of one column through the layers to production.
(() => {
  const { tables, edges, columns } = window.LINEAGE;
  const SMALL = 80; // up to so many tables, the whole graph is shown at first
  const LEGIBLE = 150; // more around one table: fewer steps are shown at first
  const LAYERS = ["gold", "silver", "bronze", "source"];
  const root = document.body.dataset.root;
  const holder = document.getElementById("graph");
  const details = document.getElementById("details");
  const focus = document.getElementById("focus");
  const direction = document.getElementById("direction");
  const depth = document.getElementById("depth");
  const layers = document.getElementById("layers");
  const indirect = document.getElementById("indirect");
  const numbers = new Map(tables.map((table, n) => [table.name, n]));

  const neighbours = (pairs) => {
    const [up, down] = [new Map(), new Map()];
    const put = (map, key, value) => { if (!map.has(key)) map.set(key, []); map.get(key).push(value); };
    for (const [from, to, edge] of pairs) { put(up, to, [from, edge]); put(down, from, [to, edge]); }
    return { up, down };
  };
  const ofTables = neighbours(edges.map((edge) => [edge[0], edge[1], edge]));
  const key = (table, column) => `${table}|${column}`;
  const between = (list) => neighbours(list.map((edge) => [key(edge[0], edge[1]), key(edge[2], edge[3]), edge]));
  const ofColumns = between(columns);
  const ofValues = between(columns.filter((edge) => edge[4])); // without joins and conditions

  // All that can be reached, up to a number of steps; edges once each.
  const reach = (graph, start, steps, which) => {
    const seen = new Set([start]);
    const found = new Set();
    for (const way of ["up", "down"]) {
      if (which !== "both" && which !== way) continue;
      let front = [start];
      const passed = new Set([start]);
      for (let step = 0; step < steps && front.length; step += 1) {
        const next = [];
        for (const each of front) {
          for (const [other, edge] of graph[way].get(each) || []) {
            found.add(edge);
            if (!passed.has(other)) { passed.add(other); seen.add(other); next.push(other); }
          }
        }
        front = next;
      }
    }
    return { seen, found };
  };

  const element = (name, text, attributes = {}) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
    return made;
  };
  const listOf = (title, items) => {
    if (!items.length) return [];
    const list = element("ul");
    for (const item of items) { const entry = element("li"); entry.append(item); list.append(entry); }
    return [element("h3", title), list];
  };
  const button = (text, target, isPressed = false) => {
    const made = element("button", text, { type: "button", "aria-pressed": String(isPressed) });
    made.addEventListener("click", () => open(target));
    return made;
  };

  const describe = (n, column) => {
    if (n === undefined) {
      details.replaceChildren(element("p", `${tables.length} tables. Choose one to see what it is made of and what uses it; choose a column of it to follow the column.`, { class: "muted" }));
      return;
    }
    const table = tables[n];
    const title = element("h2", undefined, { class: "name" });
    title.append(table.page ? element("a", table.name, { href: root + table.page }) : table.name);
    const parts = [title];
    if (table.text) parts.push(element("p", table.text));
    if (column !== undefined) {
      const at = key(n, table.columns.indexOf(column));
      const name = ([other]) => { const [t, c] = other.split("|").map(Number); return [`${tables[t].name}.${tables[t].columns[c]}`, `${tables[t].name}|${tables[t].columns[c]}`]; };
      const entries = (pairs, direct) => (pairs || []).filter(([, edge]) => Boolean(edge[4]) === direct).map((pair) => button(...name(pair)));
      parts.push(element("p", `Column ${column}`));
      parts.push(...listOf("Computed from", entries(ofColumns.up.get(at), true)));
      parts.push(...listOf("Chosen by (joins, conditions)", entries(ofColumns.up.get(at), false)));
      parts.push(...listOf("Used in", [...entries(ofColumns.down.get(at), true), ...entries(ofColumns.down.get(at), false)]));
      const back = element("p");
      back.append(button("The table in the graph", table.name));
      parts.push(back);
    } else {
      parts.push(...listOf("Made of", (ofTables.up.get(n) || []).map(([other]) => button(tables[other].name, tables[other].name))));
      parts.push(...listOf("Used by", (ofTables.down.get(n) || []).map(([other]) => button(tables[other].name, tables[other].name))));
    }
    parts.push(...listOf("Columns", table.columns.filter((each) => !each.startsWith("_")).map((each) => button(each, `${table.name}|${each}`, each === column))));
    details.replaceChildren(...parts);
  };

  const drawTables = (n) => {
    let shown = new Set(tables.keys());
    let lines = edges;
    if (n !== undefined) {
      const around = (steps) => reach(ofTables, n, steps, direction.value);
      if (!isDepthChosen) depth.value = [99, 3, 2].find((steps) => around(steps).seen.size <= LEGIBLE) || 1;
      const { seen, found } = around(Number(depth.value));
      const all = around(99).seen.size;
      if (all > seen.size) details.append(element("p", `The graph shows ${seen.size} of the ${all} tables around it: choose more steps above.`, { class: "muted", id: "cut" }));
      [shown, lines] = [seen, [...found]];
    } else if (tables.length > SMALL && !whole) {
      const chosen = LAYERS.find((layer) => tables.some((table) => table.layer === layer));
      const list = element("ul", undefined, { class: "choice" });
      for (const table of tables.filter((each) => each.layer === chosen)) {
        const entry = element("li");
        entry.append(button(table.name, table.name));
        list.append(entry);
      }
      holder.style.height = "";
      holder.replaceChildren(element("p", `The warehouse has ${tables.length} tables. Choose a table or a column above, one of ${chosen} here, or show the whole graph.`, { class: "muted" }), list);
      return;
    } else if (tables.length > SMALL) {
      const taken = LAYERS.slice(0, Number(layers.value));
      shown = new Set([...tables.keys()].filter((each) => taken.includes(tables[each].layer)));
    }
    window.drawGraph(holder, {
      label: n === undefined ? "All tables" : `Tables around ${tables[n].name}`,
      nodes: [...shown].sort((a, b) => a - b).map((each) => ({ name: tables[each].name, layer: tables[each].layer, isFocus: each === n, label: `${tables[each].name}, ${tables[each].layer}` })),
      edges: lines.map(([from, to]) => ({ from: tables[from].name, to: tables[to].name })),
      onChoose: (name) => open(name),
    });
  };

  const drawColumn = (n, column) => {
    const start = key(n, tables[n].columns.indexOf(column));
    const around = (steps) => reach(indirect.checked ? ofColumns : ofValues, start, steps, direction.value);
    if (!isDepthChosen) depth.value = [99, 3, 2].find((steps) => around(steps).seen.size <= LEGIBLE) || 1;
    let { seen, found } = around(Number(depth.value));
    if (!found.size) ({ seen, found } = reach(ofColumns, start, 1, direction.value)); // such as a count
    const rows = new Map();
    for (const each of seen) {
      const [t, c] = each.split("|").map(Number);
      if (!rows.has(t)) rows.set(t, []);
      rows.get(t).push(c);
    }
    window.drawGraph(holder, {
      label: `Lineage of ${tables[n].name}.${column}`,
      nodes: [...rows].sort(([a], [b]) => a - b).map(([t, list]) => ({
        name: tables[t].name, layer: tables[t].layer, isFocus: t === n,
        label: `${tables[t].name}: ${list.map((c) => tables[t].columns[c]).join(", ")}`,
        rows: list.sort((a, b) => a - b).map((c) => ({ name: tables[t].columns[c], isHit: t === n && tables[t].columns[c] === column })),
      })),
      edges: [...found].map(([ft, fc, tt, tc, direct]) => ({
        from: tables[ft].name, fromRow: tables[ft].columns[fc], to: tables[tt].name, toRow: tables[tt].columns[tc],
        kind: direct ? "" : "indirect",
      })),
      onChoose: (name, row) => open(row ? `${name}|${row}` : name),
    });
  };

  let whole = false;
  let isDepthChosen = false;
  // The whole graph begins with as many layers as are legible, from gold on.
  const upTo = (count) => tables.filter((table) => LAYERS.slice(0, count).includes(table.layer)).length;
  layers.value = [4, 3, 2].find((count) => upTo(count) <= 2 * LEGIBLE) || LAYERS.findIndex((_, n) => upTo(n + 1)) + 1;
  const open = (target) => { location.hash = encodeURIComponent(target); };
  const show = () => {
    const target = decodeURIComponent(location.hash.slice(1));
    const [name, column] = target.split("|");
    const n = numbers.get(name);
    const known = column !== undefined && n !== undefined && tables[n].columns.includes(column) ? column : undefined;
    focus.value = n === undefined ? "" : known === undefined ? name : `${name}.${known}`;
    document.getElementById("page").classList.toggle("wide", n === undefined);
    document.getElementById("more").hidden = known === undefined;
    layers.parentElement.hidden = n !== undefined || !whole || tables.length <= SMALL;
    describe(n, known);
    if (known !== undefined) drawColumn(n, known);
    else drawTables(n);
  };

  const names = document.getElementById("names");
  focus.addEventListener("focus", () => {
    if (names.children.length) return;
    names.append(...tables.map((table) => element("option", undefined, { value: table.name })));
    if (columns.length < 20000) {
      for (const table of tables) if (table.layer === "gold") names.append(...table.columns.map((each) => element("option", undefined, { value: `${table.name}.${each}` })));
    }
  });
  focus.addEventListener("change", () => {
    const text = focus.value.trim();
    if (!text) return open("");
    if (numbers.has(text)) return open(text);
    const dot = text.lastIndexOf(".");
    const [table, column] = [text.slice(0, dot), text.slice(dot + 1)];
    if (numbers.has(table) && tables[numbers.get(table)].columns.includes(column)) return open(`${table}|${column}`);
    const near = tables.find((each) => each.name.includes(text));
    return near ? open(near.name) : undefined;
  });
  document.getElementById("tools").addEventListener("submit", (event) => event.preventDefault());
  direction.addEventListener("change", show);
  indirect.addEventListener("change", show);
  depth.addEventListener("change", () => { isDepthChosen = true; show(); });
  layers.addEventListener("change", show);
  document.getElementById("whole").addEventListener("click", () => {
    whole = true;
    if (location.hash.length > 1) open("");
    else show();
  });
  addEventListener("hashchange", show);
  addEventListener("beforeprint", show);
  show();
})();
