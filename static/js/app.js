// What every page needs and no attribute can say.
(() => {
  const root = document.documentElement;
  const byId = (id) => document.getElementById(id);

  // Theme
  function showTheme() {
    const chosen = root.dataset.theme ?? "system";
    for (const button of document.querySelectorAll("[data-theme-choice]")) {
      button.setAttribute("aria-pressed", button.dataset.themeChoice === chosen);
    }
  }

  function chooseTheme(name) {
    if (name === "system") delete root.dataset.theme;
    else root.dataset.theme = name;
    try {
      if (name === "system") localStorage.removeItem("theme");
      else localStorage.setItem("theme", name);
    } catch {
      // storage is switched off: the choice holds for this page
    }
    showTheme();
  }

  // Toasts and announcements
  function toast(text, level = "error") {
    const box = byId("toasts");
    if ([...box.children].some((shown) => shown.dataset.text === text)) return;
    const note = document.createElement("div");
    note.className = `notice ${level}`;
    note.dataset.text = text;
    const icon = level === "error" ? "error" : "info";
    note.innerHTML =
      `<span class="icon icon-${icon}" aria-hidden="true"></span><div></div>` +
      '<button type="button" class="button quiet icon-only small" data-dismiss aria-label="Dismiss">' +
      '<span class="icon icon-cross" aria-hidden="true"></span></button>';
    note.children[1].textContent = text;
    box.append(note);
    setTimeout(() => note.remove(), level === "error" ? 12000 : 4000);
  }

  const announce = (text) => {
    byId("announcer").textContent = text;
  };

  const heard = new Map();

  // Speak a live part's text when it has changed, not at every poll.
  function announceChanges(isFirst) {
    for (const part of document.querySelectorAll("[data-announce]")) {
      const text = part.dataset.announce;
      if (!isFirst && heard.get(part.id) !== text) announce(text);
      heard.set(part.id, text);
    }
  }

  document.addEventListener("app:toast", (e) => toast(e.detail.text, e.detail.level));
  document.addEventListener("app:announce", (e) => announce(e.detail));

  // Menus
  function closeMenus(except) {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(except)) menu.open = false;
    }
  }

  document.addEventListener("keydown", (e) => {
    if (e.key !== "Escape") return;
    const menu = document.activeElement?.closest("details.menu[open]");
    closeMenus(null);
    menu?.querySelector("summary").focus();
  });

  document.addEventListener("focusin", (e) => closeMenus(e.target));

  // Clicks
  async function copy(button) {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      toast("Copied.", "info");
    } catch {
      toast("The browser does not allow copying here. Select the text and copy it.");
    }
  }

  document.addEventListener("click", (e) => {
    closeMenus(e.target);
    const button = e.target.closest("button");
    if (!button) return;
    if (button.dataset.themeChoice) chooseTheme(button.dataset.themeChoice);
    if ("copy" in button.dataset) copy(button);
    if ("dismiss" in button.dataset) button.closest(".notice").remove();
    if (button.dataset.opens) byId(button.dataset.opens)?.showModal();
  });

  // Filter forms
  document.addEventListener("change", (e) => {
    const form = e.target.form;
    if (form && "autosubmit" in form.dataset && e.target.type !== "search") {
      form.requestSubmit();
    }
    if (e.target.type === "file") showChosen(e.target);
  });

  // A step of a wizard keeps its answers in its address: a reload shows them again
  document.addEventListener("input", (e) => {
    if (!e.target.form?.matches("[data-keep]")) return;
    const answers = new URLSearchParams(new FormData(e.target.form));
    history.replaceState(history.state, "", `?${answers}`);
  });

  // Files and uploads
  const size = (bytes) => {
    // As the server counts: its limit of 2 GB is 2 * 1024 ** 3 bytes.
    const unit = bytes < 1024 ** 2 ? "KB" : bytes < 1024 ** 3 ? "MB" : "GB";
    const value = bytes / { KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 }[unit];
    return `${value.toFixed(value < 10 && unit !== "KB" ? 1 : 0)} ${unit}`;
  };

  function showChosen(input) {
    const files = [...input.files];
    const limit = Number(input.dataset.maxBytes) || Infinity;
    const tooLarge = files.find((file) => file.size > limit);
    const problem = tooLarge ? `${tooLarge.name} is larger than ${size(limit)}.` : "";
    input.setCustomValidity(problem);
    const text = input.closest("[data-drop]")?.querySelector("[data-chosen]");
    if (!text) return;
    text.classList.toggle("bad", Boolean(problem));
    text.textContent =
      problem || files.map((file) => `${file.name}, ${size(file.size)}`).join("; ");
  }

  for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (e) => {
      const zone = e.target.closest?.("[data-drop]");
      zone?.classList.toggle("over", kind === "dragenter" || kind === "dragover");
    });
  }

  let uploading = null; // the form whose files are on their way

  function endUpload() {
    const status = uploading?.querySelector("[data-upload-status]");
    if (status) status.hidden = true;
    uploading = null;
  }

  document.addEventListener("htmx:beforeSend", (e) => {
    const form = e.target;
    if (!form.matches?.("form[data-upload-form]")) return;
    uploading = form;
    form.querySelector("[data-upload-status]").hidden = false;
  });

  document.addEventListener("htmx:xhr:progress", (e) => {
    const { lengthComputable, loaded, total } = e.detail;
    if (e.target !== uploading || !lengthComputable) return;
    const bar = uploading.querySelector("[data-upload]");
    const text = uploading.querySelector("[data-upload-text]");
    if (loaded === total) {
      bar.removeAttribute("value"); // sent; the server is storing it
      text.textContent = "Storing …";
      return;
    }
    bar.value = (100 * loaded) / total;
    text.textContent = `${Math.floor(bar.value)} %, ${size(loaded)} of ${size(total)}`;
  });

  for (const kind of ["beforeOnLoad", "afterRequest"]) {
    document.addEventListener(`htmx:${kind}`, (e) => {
      if (e.target === uploading) endUpload();
    });
  }

  window.addEventListener("beforeunload", (e) => {
    if (uploading) e.preventDefault();
  });

  // htmx: failures are said, an open menu survives a swap
  document.addEventListener("htmx:responseError", (e) => {
    const status = e.detail.xhr.status;
    if (status === 403) toast("Not allowed. Reload the page; you may have to sign in.");
    else if (status === 404) toast("It is no longer there. Reload the page.");
    else if (status === 413) toast("The file is larger than this server accepts.");
    else toast(`The server could not do this (error ${status}). Try again in a moment.`);
  });
  document.addEventListener("htmx:sendError", () => {
    toast("The server cannot be reached. Check the connection; this page tries again.");
  });
  document.addEventListener("htmx:timeout", () => {
    toast("The server took too long to answer. Try again in a moment.");
  });

  document.addEventListener("htmx:beforeSwap", (e) => {
    const isSignIn = e.detail.serverResponse?.includes('id="login-form"');
    if (!isSignIn || byId("login-form")) return;
    e.detail.shouldSwap = false;
    toast("You are signed out. Reload the page to sign in again.");
  });

  let openIds = [];
  document.addEventListener("htmx:beforeSwap", () => {
    openIds = [...document.querySelectorAll("details[open][id]")].map((menu) => menu.id);
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const id of openIds) byId(id)?.setAttribute("open", "");
    showTheme();
    announceChanges(false);
  });

  // On a narrow screen the menu is a strip: show where we are.
  const here = document.querySelector(".side [aria-current]");
  if (here) here.closest(".side").scrollLeft = here.offsetLeft - 16;

  showTheme();
  announceChanges(true);
})();
