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
    if ("print" in button.dataset) window.print();
  });

  // Filter forms
  document.addEventListener("change", (e) => {
    const form = e.target.form;
    if (form && "autosubmit" in form.dataset && e.target.type !== "search") {
      form.requestSubmit();
    }
  });

  // A step of a wizard keeps its answers in its address: a reload shows them again
  document.addEventListener("input", (e) => {
    if (!e.target.form?.matches("[data-keep]")) return;
    const answers = new URLSearchParams(new FormData(e.target.form));
    history.replaceState(history.state, "", `?${answers}`);
  });

  // htmx: failures are said, an open menu survives a swap
  document.addEventListener("htmx:responseError", (e) => {
    const status = e.detail.xhr.status;
    const isPolled = e.detail.elt.getAttribute("hx-trigger")?.startsWith("every");
    // What the page shows was deleted, elsewhere: it says so itself.
    if (status === 404 && isPolled) location.reload();
    else if (status === 403) toast("Not allowed. Reload the page; you may have to sign in.");
    else if (status === 404) toast("It is no longer there. Reload the page.");
    else if (status === 413) toast("The file is larger than this server accepts.");
    else toast(`The server could not do this (error ${status}). Try again in a moment.`);
  });
  document.addEventListener("htmx:sendError", (e) => {
    const isChange = e.detail.requestConfig.verb !== "get";
    if (isChange) toast("The server cannot be reached: this was not saved. Try it again.");
    else toast("The server cannot be reached. Check the connection; this page tries again.");
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
