// Draws boxes with rows and the lines between them; used by the pages Lineage and Star.
window.drawGraph = (() => {
  const { Graph, layout, select, zoom, zoomIdentity } = window.Graphs;
  const SVG = "http://www.w3.org/2000/svg";
  const LETTER = 7.25;
  const SMALL = 6.65;
  const ROW = 17;
  const HEAD = 34;

  const parts = (name) => { const dot = name.indexOf("."); return dot < 0 ? ["", name] : [name.slice(0, dot), name.slice(dot + 1)]; };

  const make = (name, attributes, ...children) => {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };

  const sizeOf = (node) => {
    const rows = node.rows || [];
    const longest = Math.max(0, ...rows.map((row) => (row.name.length + (row.type ? row.type.length + 2 : 0)) * SMALL));
    return { width: Math.ceil(Math.max(parts(node.name)[1].length * LETTER, longest)) + 26, height: HEAD + (rows.length ? rows.length * ROW + 6 : 0) };
  };

  const box = (node, at) => {
    const { width, height } = sizeOf(node);
    const group = make("g", {
      class: `node ${node.layer || ""}${node.isFocus ? " focus" : ""}`,
      transform: `translate(${at.x - width / 2},${at.y - height / 2})`,
      tabindex: "0", role: "button", "aria-label": node.label || node.name, "data-name": node.name,
    },
    make("rect", { class: "box", width, height, rx: 5 }),
    make("rect", { class: "edge-of-layer", width: 4, height: height - 10, x: 6, y: 5, rx: 2 }),
    make("text", { class: "schema", x: 17, y: 12 }, parts(node.name)[0]),
    make("text", { class: "title", x: 17, y: 26 }, parts(node.name)[1]));
    (node.rows || []).forEach((row, n) => {
      const y = HEAD + n * ROW + 10;
      const text = make("text", { class: `row${row.isHit ? " hit" : ""}${row.isMuted ? " muted" : ""}`, x: 17, y, "data-row": row.name }, (row.mark || "") + row.name);
      group.append(text);
      if (row.type) group.append(make("text", { class: "type", x: width - 8, y }, row.type));
    });
    return group;
  };

  const curve = (points) => {
    let path = `M${points[0].x},${points[0].y}`;
    for (let n = 1; n < points.length; n += 1) {
      const [a, b] = [points[n - 1], points[n]];
      const half = (a.x + b.x) / 2;
      path += `C${half},${a.y} ${half},${b.y} ${b.x},${b.y}`;
    }
    return path;
  };

  // The parts that are not connected, the largest first.
  const partsOf = (nodes, edges) => {
    const beside = new Map(nodes.map((node) => [node.name, []]));
    for (const edge of edges) { beside.get(edge.from).push(edge.to); beside.get(edge.to).push(edge.from); }
    const seen = new Set();
    const found = [];
    for (const node of nodes) {
      if (seen.has(node.name)) continue;
      const part = new Set([node.name]);
      const waiting = [node.name];
      while (waiting.length) {
        for (const other of beside.get(waiting.pop())) if (!part.has(other)) { part.add(other); waiting.push(other); }
      }
      for (const name of part) seen.add(name);
      found.push(part);
    }
    return found.sort((a, b) => b.size - a.size);
  };

  // Lays out each part from left to right, and puts the parts on shelves of the shape of the window.
  const arrange = (nodes, edges, ratio) => {
    const MARGIN = 12;
    const laid = partsOf(nodes, edges).map((part) => {
      const graph = new Graph();
      graph.setGraph({ rankdir: "LR", nodesep: 16, ranksep: 40, ranker: part.size > 150 ? "longest-path" : "network-simplex" });
      graph.setDefaultEdgeLabel(() => ({}));
      for (const node of nodes) if (part.has(node.name)) graph.setNode(node.name, { ...sizeOf(node) });
      for (const edge of edges) if (part.has(edge.from) && edge.from !== edge.to) graph.setEdge(edge.from, edge.to);
      layout(graph);
      return graph;
    });
    const area = laid.reduce((sum, graph) => sum + (graph.graph().width + 24) * (graph.graph().height + 18), 0);
    const limit = Math.max(Math.sqrt(area * ratio), ...laid.map((graph) => graph.graph().width));
    const [at, bends] = [new Map(), new Map()];
    let [x, y, high, wide] = [MARGIN, MARGIN, 0, 0];
    for (const graph of laid) {
      const { width, height } = graph.graph();
      if (x > MARGIN && x + width > limit + MARGIN) { x = MARGIN; y += high + 18; high = 0; }
      const [dx, dy] = [x, y];
      for (const name of graph.nodes()) { const node = graph.node(name); at.set(name, { ...node, x: node.x + dx, y: node.y + dy }); }
      for (const edge of graph.edges()) bends.set(`${edge.v}|${edge.w}`, graph.edge(edge).points.map((point) => ({ x: point.x + dx, y: point.y + dy })));
      x += width + 24;
      high = Math.max(high, height);
      wide = Math.max(wide, dx + width);
    }
    return { at, bends, whole: { width: wide + MARGIN, height: y + high + MARGIN } };
  };

  // nodes: [{name, layer, rows}]; edges: [{from, to, fromRow, toRow, kind, label}], by names.
  return (holder, { nodes, edges, onChoose, label }) => {
    const by = new Map(nodes.map((node) => [node.name, node]));
    const drawn = edges.filter((edge) => by.has(edge.from) && by.has(edge.to));
    const shape = holder.getBoundingClientRect();
    const { at: placed, bends, whole } = arrange(nodes, drawn, shape.width / Math.max(shape.height, 300));
    const graph = { node: (name) => placed.get(name), edge: (from, to) => bends.get(`${from}|${to}`) };

    const place = (name, row, isEnd) => {
      const node = by.get(name);
      const at = graph.node(name);
      const n = row === undefined ? -1 : (node.rows || []).findIndex((each) => each.name === row);
      const y = n < 0 ? at.y - at.height / 2 + (node.rows?.length ? HEAD / 2 : at.height / 2) : at.y - at.height / 2 + HEAD + n * ROW + 6;
      return { x: at.x + (isEnd ? -1 : 1) * (at.width / 2), y };
    };
    const lines = drawn.map((edge) => {
      let points = null;
      const routed = edge.fromRow === undefined && edge.toRow === undefined && graph.edge(edge.from, edge.to);
      const [start, end] = [place(edge.from, edge.fromRow, false), place(edge.to, edge.toRow, true)];
      points = routed && routed.length > 3 ? [start, ...routed.slice(1, -1), end] : [start, end];
      const path = make("path", { class: `edge ${edge.kind || ""}`, d: curve(points), "marker-end": "url(#arrow)", "data-from": edge.from, "data-to": edge.to });
      if (edge.label) path.append(make("title", {}, edge.label));
      return path;
    });
    const arrow = make("marker", { id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" }, make("path", { class: "arrow", d: "M0,0L8,4L0,8z" }));
    const boxes = nodes.map((node) => box(node, graph.node(node.name)));
    const content = make("g", {}, ...lines, ...boxes);
    const svg = make("svg", { role: "group", "aria-label": label }, make("defs", {}, arrow), content);
    holder.replaceChildren(svg);

    const moved = zoom().scaleExtent([0.02, 3]).on("zoom", (event) => content.setAttribute("transform", event.transform));
    const selected = select(svg).call(moved).on("dblclick.zoom", null);
    const fit = () => {
      const { width, height } = holder.getBoundingClientRect();
      if (!width || !whole.width || !Number.isFinite(whole.width)) return;
      const scale = Math.max(0.02, Math.min(1.15, (width - 16) / whole.width, (height - 16) / whole.height));
      selected.call(moved.transform, zoomIdentity.translate((width - whole.width * scale) / 2, (height - whole.height * scale) / 2).scale(scale));
    };
    const center = (name) => {
      const at = graph.node(name);
      const { width, height } = holder.getBoundingClientRect();
      if (at) selected.call(moved.transform, zoomIdentity.translate(width / 2 - at.x * 0.95, height / 2 - at.y * 0.95).scale(0.95));
    };
    // As high as the graph needs, within limits.
    const room = holder.getBoundingClientRect().width;
    const wanted = Math.min(1.15, Math.max(0.6, (room - 16) / whole.width)) * whole.height + 24;
    holder.style.height = `${Math.round(Math.max(260, Math.min(innerHeight * 0.72, wanted)))}px`;
    fit();
    // Too small to read: show the focus instead.
    const { width, height } = holder.getBoundingClientRect();
    const scale = Math.min((width - 16) / whole.width, (height - 16) / whole.height);
    const focus = nodes.find((node) => node.isFocus);
    if (focus && scale < 0.5) center(focus.name);

    const boxOf = new Map(boxes.map((each, n) => [nodes[n].name, each]));
    const ways = [["from", "to"], ["to", "from"]].map(([near, far]) => {
      const beside = new Map();
      drawn.forEach((edge, n) => {
        if (!beside.has(edge[near])) beside.set(edge[near], []);
        beside.get(edge[near]).push([edge[far], lines[n]]);
      });
      return beside;
    });
    let shining = [];
    const lit = (name) => {
      holder.classList.toggle("dim", Boolean(name));
      for (const each of shining) each.classList.remove("lit");
      shining = [];
      if (!name) return;
      for (const beside of ways) {
        const seen = new Set([name]);
        const waiting = [name];
        while (waiting.length) {
          for (const [far, path] of beside.get(waiting.pop()) || []) {
            shining.push(path);
            if (!seen.has(far)) { seen.add(far); waiting.push(far); }
          }
        }
        for (const each of seen) shining.push(boxOf.get(each));
      }
      for (const each of shining) each.classList.add("lit");
    };
    for (const each of boxes) {
      each.addEventListener("mouseenter", () => lit(each.dataset.name));
      each.addEventListener("mouseleave", () => lit(null));
      each.addEventListener("focus", () => lit(each.dataset.name));
      each.addEventListener("blur", () => lit(null));
      each.addEventListener("click", (event) => onChoose(each.dataset.name, event.target.dataset?.row));
      each.addEventListener("keydown", (event) => {
        if (event.key === "Enter" || event.key === " ") { event.preventDefault(); onChoose(each.dataset.name); }
      });
    }
    const bind = (id, act) => { const button = document.getElementById(id); if (button) button.onclick = act; };
    bind("in", () => selected.call(moved.scaleBy, 1.35));
    bind("out", () => selected.call(moved.scaleBy, 1 / 1.35));
    bind("fit", fit);
    return { fit, center };
  };
})();
