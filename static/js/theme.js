// Runs before the first paint, so that nothing flickers or moves.
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  let saved = {};
  try {
    saved = { ...localStorage };
  } catch {
    return; // storage is switched off: the system's theme, all marks shown
  }
  if (["light", "dark"].includes(saved.theme)) root.dataset.theme = saved.theme;
  for (const kind of ["sub", "ins", "del"]) {
    if (saved[`hide-${kind}`]) root.classList.add(`hide-${kind}`);
  }
})();
