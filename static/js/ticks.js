// A form with a table of check boxes: tick all, and no button without a tick.
for (const form of document.querySelectorAll("form[data-ticks]")) {
  const boxes = () => [...form.querySelectorAll("tbody input[type=checkbox]")];
  const all = form.querySelector("[data-tick-all]");
  const show = () => {
    const ticked = boxes().filter((box) => box.checked).length;
    for (const button of form.querySelectorAll("[data-needs-tick]")) {
      button.disabled = !ticked;
    }
    if (!all) return;
    all.checked = ticked > 0 && ticked === boxes().length;
    all.indeterminate = ticked > 0 && !all.checked;
  };
  form.addEventListener("change", (e) => {
    if (e.target === all) for (const box of boxes()) box.checked = all.checked;
    show();
  });
  show();
}
