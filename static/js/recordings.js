// A folder as the recordings of a form: what sounds in it, with the folders in the names.

for (const button of document.querySelectorAll("[data-folder]")) {
  const files = document.getElementById(button.dataset.folder);
  const paths = document.getElementById(button.dataset.paths);
  const said = button.parentElement.querySelector("[data-folder-said]");
  const suffixes = new Set(files.dataset.suffixes.split(" "));

  const say = (text, isWrong = false) => {
    said.textContent = text;
    files.setCustomValidity(isWrong ? text : "");
  };

  const take = (chosen) => {
    const sounds = chosen.filter((file) =>
      suffixes.has(file.name.slice(file.name.lastIndexOf(".")).toLowerCase()),
    );
    const list = new DataTransfer();
    for (const file of sounds) list.items.add(file);
    files.files = list.files;
    paths.value = JSON.stringify(sounds.map((file) => file.webkitRelativePath));
    const others = chosen.length - sounds.length;
    const left = others ? `; ${others} other file${others > 1 ? "s are" : " is"} left out` : "";
    const most = Number(files.dataset.most);
    if (!sounds.length) say(`No recording is in this folder${left}.`, true);
    else if (sounds.length > most)
      say(`${sounds.length} recordings are more than the ${most} that can be sent at once.`, true);
    else say(`${sounds.length} recording${sounds.length > 1 ? "s" : ""}${left}.`);
  };

  button.addEventListener("click", () => {
    const folder = document.createElement("input");
    folder.type = "file";
    folder.webkitdirectory = true;
    folder.addEventListener("change", () => take([...folder.files]));
    folder.click();
  });

  // Single files are not of the folder that was chosen before.
  files.addEventListener("change", () => {
    paths.value = "";
    say("");
  });
}
