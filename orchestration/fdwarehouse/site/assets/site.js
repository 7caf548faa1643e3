// On every page: search, the filter of lists, links into what is closed.
(() => {
  const root = document.body.dataset.root;
  const input = document.getElementById("search");
  const list = document.getElementById("found");
  const LIMIT = 12;
  let hits = [];
  let chosen = -1;
  let loading = null;

  const load = () => {
    loading ||= new Promise((resolve) => {
      const script = document.createElement("script");
      script.src = `${root}data/search.js`;
      script.addEventListener("load", () => resolve(window.SEARCH));
      script.addEventListener("error", () => resolve([]));
      document.head.append(script);
    });
    return loading;
  };

  // Every word must occur; names that are, or begin with, the first one come first, tables before columns.
  const find = (entries, text) => {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    if (!words.length) return [];
    const rank = (name) => {
      const parts = name.split(".");
      if (parts.includes(words[0])) return 0;
      return parts.some((part) => part.startsWith(words[0])) ? 1 : 2;
    };
    return entries
      .map((entry) => [entry[0].toLowerCase(), entry])
      .filter(([name]) => words.every((word) => name.includes(word)))
      .sort(([a, x], [b, y]) => Math.floor(rank(a) / 2) - Math.floor(rank(b) / 2) || (x[1] === "column") - (y[1] === "column") || rank(a) - rank(b) || a.length - b.length || (a < b ? -1 : 1))
      .slice(0, LIMIT)
      .map(([, entry]) => entry);
  };

  const choose = (number) => {
    chosen = number;
    [...list.children].forEach((item, n) => item.setAttribute("aria-selected", String(n === number)));
    if (number >= 0 && list.children[number]) {
      input.setAttribute("aria-activedescendant", list.children[number].id);
      list.children[number].scrollIntoView({ block: "nearest" });
    } else input.removeAttribute("aria-activedescendant");
  };

  const close = () => {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    choose(-1);
  };

  const go = (entry) => {
    close();
    location.href = root + entry[2];
  };

  const show = async () => {
    hits = find(await load(), input.value);
    list.replaceChildren(...hits.map((entry, n) => {
      const item = document.createElement("li");
      item.id = `hit-${n}`;
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", "false");
      const name = document.createElement("span");
      name.className = "name";
      name.textContent = entry[0];
      const what = document.createElement("span");
      what.className = "what";
      what.textContent = entry[1];
      item.append(name, what);
      item.addEventListener("mousedown", (event) => { event.preventDefault(); go(entry); });
      return item;
    }));
    list.hidden = !hits.length;
    input.setAttribute("aria-expanded", String(hits.length > 0));
    choose(hits.length ? 0 : -1);
  };

  input.addEventListener("focus", load);
  input.addEventListener("input", show);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : hits.length - 1;
      if (hits.length) choose((chosen + step) % hits.length);
    } else if (event.key === "Enter" && hits[chosen]) {
      event.preventDefault();
      go(hits[chosen]);
    } else if (event.key === "Escape") close();
  });
  addEventListener("keydown", (event) => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement?.tagName || "");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      input.focus();
    }
  });

  const filter = document.getElementById("filter");
  if (filter) {
    const rows = [...document.querySelectorAll("tr[data-filter]")].map((row) => [row, row.dataset.filter.toLowerCase()]);
    const apply = () => {
      const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const [row, text] of rows) {
        row.hidden = !words.every((word) => text.includes(word));
        shown += !row.hidden;
      }
      for (const section of document.querySelectorAll("main section")) {
        section.hidden = !section.querySelector("tr[data-filter]:not([hidden])");
      }
      document.getElementById("filtered").textContent = words.length ? `${shown} of ${rows.length}` : "";
    };
    filter.addEventListener("input", apply);
    apply();
  }

  // A link to something within closed details opens them.
  const reveal = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let parent = target.parentElement; parent; parent = parent.parentElement) {
      if (parent.tagName === "DETAILS") parent.open = true;
    }
    target.scrollIntoView({ block: "center" });
  };
  addEventListener("hashchange", reveal);
  reveal();

  addEventListener("beforeprint", () => {
    for (const each of document.querySelectorAll("details:not(.how, .chart details)")) {
      if (!each.open && !each.querySelector("pre")) { each.dataset.printed = "1"; each.open = true; }
    }
  });
  addEventListener("afterprint", () => {
    for (const each of document.querySelectorAll("details[data-printed]")) {
      delete each.dataset.printed;
      each.open = false;
    }
  });
})();
