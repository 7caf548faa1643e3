// The tables of gold that refer to one another.
(() => {
  const { tables, edges } = window.STAR;
  const pages = new Map(tables.map((table) => [table.name, table.page]));
  const draw = () => window.drawGraph(document.getElementById("graph"), {
    label: "Diagram of gold",
    nodes: tables.map((table) => ({
      name: table.name,
      layer: "gold",
      label: `${table.name}, ${table.columns.length + table.more} columns. Opens its page.`,
      rows: [
        ...table.columns.map((column) => ({ name: column.name, type: column.type, mark: { key: "◆ ", reference: "↗ " }[column.mark] || "", isMuted: !column.mark })),
        ...(table.more ? [{ name: `and ${table.more} more`, isMuted: true }] : []),
      ],
    })),
    edges: edges.map(([from, column, to]) => ({ from, to, fromRow: column, label: `${from}.${column} refers to ${to}` })),
    onChoose: (name) => { location.href = pages.get(name); },
  });
  draw();
  addEventListener("beforeprint", draw);

  document.getElementById("copy").addEventListener("click", async () => {
    const text = document.getElementById("text");
    const said = document.getElementById("copied");
    try {
      await navigator.clipboard.writeText(text.textContent);
      said.textContent = "Copied.";
    } catch {
      getSelection().selectAllChildren(text);
      said.textContent = "It is selected: press Ctrl+C.";
    }
  });
})();
