// A chart of the page as a picture, with the colours that it has on the screen:
// <button data-picture="id of the svg" data-format="svg|png">, see _picture.html.
(() => {
  // What style sheets say of shapes and words; a file of its own has no style sheet.
  const LOOKS = [
    "display", "visibility", "opacity", "fill", "fill-opacity", "stroke", "stroke-opacity",
    "stroke-width", "stroke-dasharray", "stroke-linecap", "stroke-linejoin", "vector-effect",
    "font-family", "font-size", "font-weight", "font-style", "text-anchor", "dominant-baseline",
  ];
  const SVG = "http://www.w3.org/2000/svg";
  const PIXELS = 2; // of a PNG for each of the drawing

  // The first colour behind an element that is not see-through.
  function backgroundOf(element) {
    for (let one = element; one; one = one.parentElement) {
      const colour = getComputedStyle(one).backgroundColor;
      if (colour !== "transparent" && !colour.endsWith(", 0)")) return colour;
    }
    return "white";
  }

  // A copy that looks the same without this page.
  function alone(chart) {
    const copy = chart.cloneNode(true);
    const copies = [copy, ...copy.querySelectorAll("*")];
    [chart, ...chart.querySelectorAll("*")].forEach((element, index) => {
      const style = getComputedStyle(element);
      const values = LOOKS.map((name) => [name, style.getPropertyValue(name)]);
      for (const [name, value] of values) if (value) copies[index].setAttribute(name, value);
      copies[index].removeAttribute("class");
    });
    const { x, y, width, height } = chart.viewBox.baseVal;
    const size = { x, y, width, height };
    const background = document.createElementNS(SVG, "rect");
    background.setAttribute("fill", backgroundOf(chart));
    for (const name in size) background.setAttribute(name, size[name]);
    copy.prepend(background);
    copy.setAttribute("xmlns", SVG);
    copy.setAttribute("width", width);
    copy.setAttribute("height", height);
    return { text: new XMLSerializer().serializeToString(copy), width, height };
  }

  async function painted({ text, width, height }) {
    const image = new Image();
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = width * PIXELS;
    canvas.height = height * PIXELS;
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    return new Promise((done) => canvas.toBlob(done, "image/png"));
  }

  function save(blob, name) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  }

  async function download(button) {
    const { picture: id, format } = button.dataset;
    const drawing = alone(document.getElementById(id));
    const blob =
      format === "png"
        ? await painted(drawing)
        : new Blob([drawing.text], { type: "image/svg+xml" });
    const title = document.querySelector("h1")?.textContent.trim() ?? "";
    save(blob, `${title} ${id}`.trim().replace(/[\\/:*?"<>|\s]+/g, "-") + `.${format}`);
  }

  document.addEventListener("click", (e) => {
    const button = e.target.closest("button[data-picture]");
    if (!button) return;
    download(button).catch(() => {
      const text = "The browser could not make the picture. Try the other format.";
      document.dispatchEvent(new CustomEvent("app:toast", { detail: { text } }));
    });
  });
})();
