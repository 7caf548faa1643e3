// Before the page is drawn: dark or light, as chosen here, else as the system says.
(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const stored = () => {
    try { return localStorage.getItem("fdwarehouse-theme"); } catch { return null; }
  };
  const apply = (theme) => {
    root.dataset.theme = theme;
    const button = document.getElementById("theme");
    if (button) button.setAttribute("aria-pressed", String(theme === "dark"));
    dispatchEvent(new Event("themechange"));
  };
  const current = () => stored() || (dark.matches ? "dark" : "light");
  apply(current());
  dark.addEventListener("change", () => apply(current()));
  addEventListener("DOMContentLoaded", () => {
    apply(current());
    document.getElementById("theme").addEventListener("click", () => {
      const theme = root.dataset.theme === "dark" ? "light" : "dark";
      try { localStorage.setItem("fdwarehouse-theme", theme); } catch { /* a private window */ }
      apply(theme);
    });
  });
  // Paper is light.
  addEventListener("beforeprint", () => apply("light"));
  addEventListener("afterprint", () => apply(current()));
})();
