// Ages count on after a page was written, and a source becomes late while nobody writes it again.
(() => {
  const { made, oldAfter } = document.body.dataset;
  const UNITS = [[86400, "day"], [3600, "hour"], [60, "minute"]];

  // As `rough` of formats.py.
  const rough = (seconds) => {
    for (const [unit, name] of UNITS) {
      if (seconds >= 1.5 * unit) return `${Math.round(seconds / unit)} ${name}s`;
      if (seconds >= unit) return `1 ${name}`;
    }
    return `${Math.round(seconds)} s`;
  };
  const ago = (seconds) => (seconds < 0 ? `in ${rough(-seconds)}` : `${rough(seconds)} ago`);
  const element = (id) => document.getElementById(id);

  const source = (shown, since) => {
    const age = since(shown.dataset.asOf);
    const promised = Number(shown.dataset.promised);
    const isLate = promised > 0 && age > promised;
    const old = shown.querySelector(".old");
    old.textContent = `${rough(age)} old`;
    old.classList.toggle("bad", isLate);
    const gauge = shown.querySelector(".gauge");
    if (gauge) {
      shown.querySelector(".late").hidden = !isLate;
      gauge.setAttribute("aria-label", `${rough(age)} of ${rough(promised)}`);
      const level = gauge.querySelector(".level");
      level.setAttribute("width", Math.min(200, (100 * age) / promised));
      level.setAttribute("class", `level ${isLate ? "failed" : "succeeded"}`);
    }
    return isLate && shown.dataset.late === undefined ? [`${shown.dataset.source} (${rough(age)} old)`] : [];
  };

  const section = document.querySelector(".verdict");
  const isWrong = section?.classList.contains("error");
  const said = element("said")?.textContent;
  const verdict = (isOld, late) => {
    if (!section || isWrong) return;
    if (late.length) {
      section.className = "verdict error";
      section.querySelector(".mark").textContent = "✕";
      element("said").textContent = `Late by now: ${late.join(", ")}.`;
      element("then").textContent = `It said then: ${said}`;
    } else if (isOld) {
      section.className = "verdict warn";
      section.querySelector(".mark").textContent = "!";
    }
  };

  const apply = () => {
    const now = Math.max(Date.now(), Date.parse(made)); // the clock here may be behind
    const since = (moment) => (now - Date.parse(moment)) / 1000;
    const age = since(made);
    for (const time of document.querySelectorAll("time.age")) time.textContent = ago(since(time.dateTime));
    const late = [...document.querySelectorAll("[data-source]")].flatMap((each) => source(each, since));
    for (const each of document.querySelectorAll(".written")) each.textContent = `written ${rough(age)} ago`;
    const isOld = age > Number(oldAfter);
    verdict(isOld, late);
    const notice = element("old");
    notice.hidden = !isOld;
    if (isOld) notice.textContent = `This page was written ${rough(age)} ago: it does not show what has happened since. fdwarehouse site writes it again.`;
  };
  apply();
  setInterval(apply, 60000);
})();
