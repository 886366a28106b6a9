/**
 * The only script on Connect's pages. It hands the result to the app: as a message to the window that opened the popup,
 * for the one origin the app has named, or by going back to the app's own page. And it reads the token that the published
 * browser package puts into the fragment. Everything else works without it.
 */
export const CONNECT_SCRIPT = `(() => {
  "use strict";
  const { message, origin, return: back, fragment } = document.querySelector("main").dataset;
  if (fragment) {
    const token = new URLSearchParams(location.hash.slice(1)).get(fragment) ?? "";
    location.replace("/connect?session=" + encodeURIComponent(token));
    return;
  }
  const opener = window.opener;
  // A provider may cut the tie to the opener: this tab remembers that it is a popup.
  const mark = "alter-connect-popup";
  const remember = (use) => {
    try {
      return use(sessionStorage);
    } catch {
      return null; // storage is switched off
    }
  };
  if (opener && !message) remember((storage) => storage.setItem(mark, "1"));
  for (const form of document.forms) {
    form.addEventListener("submit", () => setTimeout(() => {
      for (const button of form.querySelectorAll("button")) button.disabled = true;
    }));
  }
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted) for (const button of document.querySelectorAll("button")) button.disabled = false;
  });
  if (!message && !back) return;
  const isPopup = remember((storage) => storage.getItem(mark)) !== null;
  remember((storage) => storage.removeItem(mark));
  if (opener && message) {
    opener.postMessage(JSON.parse(message), origin);
    // The app closes the popup when it has read the message.
    setTimeout(() => window.close(), 1500);
  } else if (back && !(isPopup && message)) {
    location.replace(back);
  } else if (isPopup) {
    window.close();
  }
})();
`;
