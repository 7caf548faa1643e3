// Draws the charts of the page from the JSON beside them. Colors are those of the theme.
(() => {
  const { plot, lineY, areaY, barX, barY, cell, axisX, axisY, ruleX, ruleY, text, tip, pointerX, pointer } = window.Plot;
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const palette = () => [color("accent"), color("bronze"), color("ok"), color("gold"), color("silver"), color("bad")];
  const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
  const exact = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });
  const words = (name) => name.replaceAll("_", " ");
  const tipStyle = () => ({ fill: color("card"), stroke: color("line"), textPadding: 8, fontSize: 11, pathFilter: null });

  const STANDING = 40; // with more bars they stand, and only some have their name

  const rowsOf = (data) => data.rows.map((row) => Object.fromEntries(row.map((value, n) => {
    const name = data.columns[n];
    return [name, data.times.includes(name) && value !== null ? new Date(value) : value];
  })));
  const show = (value) => value instanceof Date ? value.toISOString().slice(0, value % 864e5 ? 16 : 10).replace("T", " ") : typeof value === "number" ? exact.format(value) : String(value ?? "–");
  const unit = (data) => (data.unit ? ` ${data.unit}` : "");

  const colorsOf = (data, names) => {
    const colors = palette();
    return names.map((name, n) => (data.highlight ? color(name === data.highlight ? "accent" : "bar") : colors[n % colors.length]));
  };

  const seriesOf = (data, rows) => (data.series ? [...new Set(rows.map((row) => row[data.series]))] : [null]);

  // What is beyond the ends of a scale: marks at its edge, with the largest value of each place, and words for below the chart.
  const beyond = (data, rows, ends, width) => {
    if (!ends) return { marks: [], note: null };
    const found = new Map();
    for (const row of rows) {
      const [place, value] = [show(row[data.x]), row[data.y]];
      if (value >= ends[0] && value <= ends[1]) continue;
      if (value !== null && !(Math.abs(found.get(place)?.[data.y]) >= Math.abs(value))) found.set(place, row);
    }
    const places = [...found.values()].sort((a, b) => Math.abs(b[data.y]) - Math.abs(a[data.y]));
    const edge = (row) => (row[data.y] > ends[1] ? ends[1] : ends[0]);
    const all = [...new Set(rows.map((row) => show(row[data.x])))];
    const part = (row) => all.indexOf(show(row[data.x])) / all.length;
    const labelled = []; // the largest, where there is room
    for (const row of places) {
      if (labelled.every((other) => Math.abs(part(row) - part(other)) * width > 90)) labelled.push(row);
    }
    const mark = (list, options) => text(list, { x: data.x, y: edge, fill: color("bad"), ...options });
    const value = (row) => short.format(row[data.y]);
    const list = places.slice(0, 3).map((row) => `${show(row[data.x])}: ${show(row[data.y])}`).join("; ");
    return {
      marks: [
        mark(places, { text: (row) => (row[data.y] > ends[1] ? "▲" : "▼"), dy: 3 }),
        mark(labelled.filter((row) => part(row) < 0.8), { text: value, textAnchor: "start", dy: -9, dx: -5 }),
        mark(labelled.filter((row) => part(row) >= 0.8), { text: value, textAnchor: "end", dy: -9, dx: 5 }),
      ],
      note: `Beyond the scale${data.unit ? `, in ${data.unit}` : ""}: ${list}${places.length > 3 ? `; and ${places.length - 3} more` : ""}.`,
    };
  };
  const within = (ends, value) => (ends && value !== null ? Math.max(ends[0], Math.min(ends[1], value)) : value);

  const line = (data, rows, width, isWhole) => {
    const names = seriesOf(data, rows);
    const range = colorsOf(data, names);
    const ends = isWhole ? null : window.scaleOf(names.map((name) => rows.filter((row) => !data.series || row[data.series] === name).map((row) => row[data.y])), { isInOrder: true });
    const { marks: edges, note } = beyond(data, rows, ends, width);
    const marks = names.map((name, n) => lineY(rows.filter((row) => !data.series || row[data.series] === name), {
      x: data.x, y: data.y, stroke: range[n], strokeWidth: data.highlight && name !== data.highlight ? 1 : 1.8, clip: Boolean(ends),
    }));
    const title = (row) => [show(row[data.x]), ...(data.series ? [row[data.series]] : []), show(row[data.y]) + unit(data)].join("\n");
    return {
      legend: data.series ? names.map((name, n) => [name, range[n]]) : [],
      note,
      figure: plot({
        width, height: Math.max(200, Math.min(320, width * 0.4)), marginLeft: 48, marginRight: 16, marginTop: ends ? 24 : 20,
        x: data.times.includes(data.x) ? { type: "utc", label: null } : { label: words(data.x) },
        y: ends ? { label: null, domain: ends } : { label: null, nice: true, zero: true },
        marks: [
          axisX({ ticks: width < 500 ? 4 : undefined }), axisY({ ticks: 5, tickFormat: (d) => short.format(d) }),
          ruleY([0], { stroke: color("line") }), ...marks, ...edges,
          tip(rows, pointerX({ x: data.x, y: (row) => within(ends, row[data.y]), title, ...tipStyle() })),
        ],
      }),
    };
  };

  const bar = (data, rows, width, isWhole) => {
    const labels = [...new Set(rows.map((row) => row[data.x]))];
    const names = data.series ? [...new Set(rows.map((row) => row[data.series]))] : [];
    const colors = names.length ? colorsOf(data, names) : palette();
    const fill = data.series ? (row) => colors[names.indexOf(row[data.series])] : () => colors[0];
    const title = (row) => [show(row[data.x]), ...(data.series ? [row[data.series]] : []), show(row[data.y]) + unit(data)].join("\n");
    if (data.times.includes(data.x) || labels.length > STANDING) {
      const every = Math.ceil(labels.length / Math.max(2, Math.floor(width / 90)));
      const ticks = labels.filter((_, n) => n % every === 0);
      const ends = isWhole || data.series ? null : window.scaleOf([rows.map((row) => row[data.y])], { isInOrder: data.times.includes(data.x) });
      const { marks: edges, note } = beyond(data, rows, ends, width);
      return {
        note,
        legend: names.map((name, n) => [name, colors[n]]),
        figure: plot({
          width, height: 260, marginLeft: 48, marginTop: ends ? 24 : 20, x: { type: "band", tickFormat: show, ticks, label: null, domain: labels }, y: ends ? { label: null, domain: ends } : { label: null },
          marks: [axisY({ ticks: 5, tickFormat: (d) => short.format(d) }), barY(rows, { x: data.x, y: data.y, fill, title, clip: Boolean(ends) }), ...edges, ruleY([0], { stroke: color("line") })],
        }),
      };
    }
    const longest = Math.max(...labels.map((label) => show(label).length));
    const left = Math.min(longest * 6.4 + 12, width * 0.42);
    const cut = Math.floor((left - 12) / 6.2);
    const shown = (label) => (show(label).length > cut ? `${show(label).slice(0, cut - 1)}…` : show(label));
    return {
      legend: names.map((name, n) => [name, colors[n]]),
      figure: plot({
        width, height: labels.length * 22 + 20, marginLeft: left, marginRight: 52, marginTop: 4, marginBottom: 16,
        x: { axis: null }, y: { type: "band", domain: labels, label: null, tickSize: 0, padding: 0.25, tickFormat: shown },
        marks: [
          barX(rows, { y: data.x, x: data.y, fill, title }),
          data.series ? null : text(rows, { y: data.x, x: data.y, text: (row) => short.format(row[data.y]), textAnchor: "start", dx: 5, fill: color("muted") }),
          ruleX([0], { stroke: color("line") }),
        ],
      }),
    };
  };

  const heatmap = (data, rows, width, isWhole) => {
    const across = [...new Set(rows.map((row) => row[data.x]))].sort((a, b) => (a > b) - (a < b));
    const down = [...new Set(rows.map((row) => row[data.y]))];
    const values = rows.map((row) => row[data.value]).filter((value) => value !== null);
    const ends = isWhole ? null : window.scaleOf([values], { isInOrder: false });
    const domain = ends || [Math.min(0, ...values), Math.max(...values)];
    const most = values.filter((value) => value > domain[1] || value < domain[0]).length;
    const left = Math.max(...down.map((label) => show(label).length)) * 6.6 + 12;
    const label = (row) => (row[data.value] === null ? "" : short.format(row[data.value]));
    const longest = Math.max(1, ...rows.map((row) => label(row).length), ...across.map((each) => show(each).length));
    // Numbers stay within their cells: in smaller letters, else the picture is wider than its place and scrolls.
    const size = (width - left) / across.length < longest * 6.8 + 5 ? 9 : 11;
    width = Math.max(width, Math.ceil(left + across.length * (longest * size * 0.62 + 5)));
    const dark = (row) => (row[data.value] - domain[0]) / (domain[1] - domain[0] || 1) > 0.55;
    return {
      legend: [],
      note: ends ? `The color ends at ${show(domain[1])}${unit(data)}: ${most === 1 ? "one value is" : `${most} values are`} beyond it.` : null,
      figure: plot({
        width, height: down.length * 24 + 46, marginLeft: left, marginTop: 34, marginRight: 2, marginBottom: 4,
        x: { type: "band", axis: "top", domain: across, label: words(data.x), tickSize: 0, padding: 0.04, tickFormat: show },
        y: { type: "band", domain: down, label: null, tickSize: 0, padding: 0.06, tickFormat: show },
        color: { type: "linear", domain, clamp: true, range: [color("faint"), color("accent")], interpolate: "rgb" },
        marks: [
          cell(rows, { x: data.x, y: data.y, fill: data.value, rx: 2, title: (row) => `${show(row[data.y])}, ${words(data.x)} ${show(row[data.x])}\n${show(row[data.value])}${unit(data)}` }),
          text(rows, { x: data.x, y: data.y, fontSize: size, text: label, fill: (row) => (dark(row) ? color("card") : color("ink")) }),
        ],
      }),
    };
  };

  const KINDS = { line, bar, heatmap };
  const draw = (holder) => {
    const data = JSON.parse(document.getElementById(holder.dataset.chart).textContent);
    const width = Math.max(280, Math.floor(holder.getBoundingClientRect().width));
    const isWhole = holder.dataset.whole === "yes";
    const { figure, legend, note } = KINDS[data.kind](data, rowsOf(data), width, isWhole);
    for (const style of figure.querySelectorAll("style")) style.remove(); // site.css has its rules
    for (const group of figure.querySelectorAll("g[aria-label]")) group.removeAttribute("aria-label"); // the picture has one
    const parts = [figure];
    if (legend.length > 1) {
      const list = document.createElement("ul");
      list.className = "legend";
      for (const [name, fill] of legend) {
        const item = document.createElement("li");
        const swatch = document.createElementNS("http://www.w3.org/2000/svg", "svg");
        const box = document.createElementNS("http://www.w3.org/2000/svg", "rect");
        swatch.setAttribute("viewBox", "0 0 20 10");
        box.setAttribute("width", "20");
        box.setAttribute("height", "10");
        box.setAttribute("rx", "2");
        box.setAttribute("fill", fill);
        swatch.append(box);
        item.append(swatch, String(name));
        list.append(item);
      }
      parts.unshift(list);
    }
    holder.replaceChildren(...parts);
    const isWide = Number(figure.getAttribute("width")) > width;
    holder.classList.toggle("wide", isWide);
    if (isWide) figure.style.minWidth = `${figure.getAttribute("width")}px`;
    if (isWide) holder.tabIndex = 0;
    else holder.removeAttribute("tabindex");
    const said = holder.parentElement.querySelector(".beyond");
    said.hidden = !note && !isWhole;
    said.querySelector("span").textContent = isWhole ? "The scale reaches all values." : note || "";
    said.querySelector("button").textContent = isWhole ? "Cut off what is far beyond the others" : "Show the whole scale";
  };
  for (const holder of document.querySelectorAll("[data-chart]")) {
    holder.parentElement.querySelector(".beyond button").addEventListener("click", () => {
      holder.dataset.whole = holder.dataset.whole === "yes" ? "no" : "yes";
      draw(holder);
    });
  }
  const all = () => {
    for (const holder of document.querySelectorAll("[data-chart]")) {
      try {
        draw(holder);
      } catch (error) {
        holder.textContent = `This chart cannot be drawn: ${error.message}`;
      }
    }
  };
  let width = innerWidth;
  addEventListener("resize", () => { if (innerWidth !== width) { width = innerWidth; all(); } });
  addEventListener("themechange", all);
  all();
})();
