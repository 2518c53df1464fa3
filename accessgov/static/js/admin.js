/* The administration site: fields in which one looks names up are called by their labels, by screen readers as well. */
(() => {
  const nameFields = () => {
    for (const select of document.querySelectorAll("select.select2-hidden-accessible")) {
      const label = document.querySelector(`label[for="${CSS.escape(select.id)}"]`);
      const words = label?.textContent.replace("*", "").trim() || select.getAttribute("aria-label") || select.name;
      const field = select.nextElementSibling;
      for (const part of field?.querySelectorAll(".select2-selection, [role=textbox], [role=searchbox]") ?? []) {
        part.removeAttribute("aria-labelledby");
        part.setAttribute("aria-label", words);
      }
    }
  };
  const seen = new MutationObserver(nameFields); // they are made late, and again with each row that is added
  seen.observe(document.documentElement, { childList: true, subtree: true });
})();
