(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("traces").textContent);
  const panel = document.getElementById("trace");
  const path = [];

  const language = () => (document.getElementById("language-en").checked ? 1 : 0);
  const said = (pair) => pair[language()];
  const word = (name) => said(data.words[name]);

  function part(tag, text, className) {
    const made = document.createElement(tag);
    if (text) made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  function action(name, act) {
    const made = part("button", word(name));
    made.type = "button";
    made.addEventListener("click", act);
    return made;
  }

  function copyOf(kind, name) {
    const wanted = ["zh", "en"][language()];
    for (const template of document.querySelectorAll(`template[data-${kind}]`)) {
      const fits = !template.dataset.language || template.dataset.language === wanted;
      if (template.dataset[kind] === name && fits) return template.content.cloneNode(true);
    }
    return null;
  }

  function add(parent, ...children) {
    parent.append(...children.filter((child) => child !== null));
    return parent;
  }

  function number(id, text, unit) {
    const made = part(id in data.traces ? "button" : "span", said(text), id in data.traces ? "figure" : "");
    if (id in data.traces) {
      made.type = "button";
      made.dataset.figure = id;
    }
    return [made, ` ${said(unit)}`];
  }

  function rows(pairs) {
    const list = part("dl");
    for (const [label, text] of pairs) add(list, part("dt", label), part("dd", text));
    return list;
  }

  function inputs(trace) {
    const list = part("ul");
    for (const [id, text, unit] of trace.inputs) {
      add(list, add(part("li"), part("span", id, "code"), " = ", ...number(id, text, unit)));
    }
    if (trace.more) add(list, part("li", word("more").replace("{count}", trace.more)));
    return list;
  }

  function others(id, trace) {
    const ids = Object.keys(data.traces).filter((other) => other !== id && data.traces[other].quantity === trace.quantity);
    const list = part("ul");
    for (const other of ids.slice(0, 24)) {
      const found = data.traces[other];
      add(list, add(part("li"), part("span", other, "code"), " = ", ...number(other, [found.exact, found.exact], found.unit)));
    }
    return list;
  }

  function draw() {
    const id = path[path.length - 1];
    const trace = data.traces[id];
    const head = add(part("div", "", "head"), part("strong", said(trace.name)), part("span"));
    if (path.length > 1) add(head.lastChild, action("back", () => (path.pop(), draw())));
    add(head.lastChild, action("close", () => (panel.hidden = true)));
    const symbol = copyOf("symbol", trace.quantity);
    panel.lang = ["zh-CN", "en"][language()];
    panel.replaceChildren(head);
    add(
      panel,
      part("div", id, "code"),
      symbol && add(part("span", "", "symbol"), symbol),
      part("div", `= ${trace.exact} ${said(trace.unit)}`, "value"),
      copyOf("formula", trace.quantity),
      rows([[word("source"), said(trace.source)], ...trace.origin.map(([label, text]) => [said(label), said(text)])]),
    );
    if (trace.inputs.length) add(panel, part("div", word("inputs")), inputs(trace));
    if (trace.raw) add(panel, part("div", word("raw")), part("div", `tonne trace . "${id}" --readings 20`, "code"));
    const same = trace.quantity ? others(id, trace) : part("ul");
    if (same.children.length) add(panel, part("div", word("others")), same);
    panel.hidden = false;
  }

  function open(figure) {
    if (!figure || !(figure.dataset.figure in data.traces)) return;
    if (!panel.contains(figure)) path.length = 0;
    path.push(figure.dataset.figure);
    draw();
  }

  document.addEventListener("click", (event) => open(event.target.closest("[data-figure]")));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") panel.hidden = true;
    // A button of a page opens by itself; a shape of a drawing does not.
    if (event.key === "Enter" && event.target instanceof SVGElement) open(event.target.closest("[data-figure]"));
  });
  for (const input of document.querySelectorAll("input[name=language]")) {
    input.addEventListener("change", () => panel.hidden || draw());
  }
})();
