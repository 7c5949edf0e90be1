// Before the first picture: light or dark as Airflow's switch says, in Airflow's own colours.
(() => {
  const own = document.documentElement;
  const host = () => {
    try {
      return window.parent !== window ? window.parent.document.documentElement : null;
    } catch {
      return null; // framed by another site, which the policy forbids anyway
    }
  };
  // Airflow's theme can be changed by whoever runs it; these are its names for what we use.
  const colours = {
    bg: "bg", panel: "bg-panel", subtle: "bg-subtle", muted: "bg-muted", raised: "bg-emphasized",
    fg: "fg", "fg-muted": "fg-muted", border: "border", brand: "brand-solid",
    "brand-fg": "brand-contrast", link: "fg-info",
  };
  function paint() {
    const chosen = localStorage.getItem("theme");
    const isDark = chosen === "dark" ||
      (chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
    own.classList.toggle("dark", isDark);
    own.classList.toggle("light", !isDark);
    const around = host();
    if (!around) return;
    const found = window.parent.getComputedStyle(around);
    for (const [ours, theirs] of Object.entries(colours)) {
      const value = found.getPropertyValue(`--chakra-colors-${theirs}`).trim();
      if (value) own.style.setProperty(`--${ours}`, value);
      else own.style.removeProperty(`--${ours}`);
    }
  }
  paint();
  addEventListener("storage", paint);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
  const around = host();
  if (around) {
    own.classList.add("framed");
    new MutationObserver(paint).observe(around, { attributes: true, attributeFilter: ["class", "style"] });
  }
})();
