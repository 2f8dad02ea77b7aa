// What axe does not tell of a page; each answers with what is wrong, in words, so that nothing is an empty list.
(() => {
  const shown = (one) => one.checkVisibility({ visibilityProperty: true }) && one.getClientRects().length > 0;
  const short = (one) => `${one.tagName.toLowerCase()}.${one.getAttribute("class") ?? ""} ${one.textContent.trim().slice(0, 40)}`;
  const ownText = (one) => [...one.childNodes].filter((node) => node.nodeType === 3 && node.textContent.trim());
  const spoken = (one) => !one.closest(".hidden, .skip, svg, select, option, title, datalist");
  const withText = () =>
    [...document.querySelectorAll("body *")].filter((one) => shown(one) && spoken(one) && ownText(one).length);
  const boxes = (one) =>
    ownText(one).flatMap((node) => {
      const range = document.createRange();
      range.selectNodeContents(node);
      return [...range.getClientRects()];
    });
  const scrolls = (one) => ["auto", "scroll"].includes(getComputedStyle(one).overflowX);

  // Text that a box cuts off, or that runs out of the window where nothing scrolls.
  const cutOff = (one) => {
    const rects = boxes(one);
    const right = Math.max(...rects.map((box) => box.right));
    const left = Math.min(...rects.map((box) => box.left));
    const bottom = Math.max(...rects.map((box) => box.bottom));
    for (let around = one; around && around !== document.documentElement; around = around.parentElement) {
      if (scrolls(around)) return false;
      const style = getComputedStyle(around);
      const box = around.getBoundingClientRect();
      const hides = (value) => value === "hidden" || value === "clip";
      if (hides(style.overflowX) && (right > box.right + 1 || left < box.left - 1)) return true;
      if (hides(style.overflowY) && bottom > box.bottom + 1) return true;
    }
    return right > document.documentElement.clientWidth + 1 || left < -1;
  };

  // Text that runs out of the bottom of its own box, over what stands under it.
  const spills = (one) => {
    const style = getComputedStyle(one);
    if (style.display.startsWith("inline") && style.display !== "inline-block") return false;
    const box = one.getBoundingClientRect();
    const lines = boxes(one);
    const bottom = Math.max(...lines.map((line) => line.bottom));
    const right = Math.max(...lines.map((line) => line.right));
    const allowed = 0.35 * parseFloat(style.fontSize); // a line's box is taller than its letters
    return bottom > box.bottom + allowed || right > box.right + 1 + allowed;
  };

  const focusable = () => {
    const all = document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]");
    const chosen = new Set();
    return [...all].filter((one) => {
      if (!shown(one) || one.disabled || one.type === "hidden" || one.tabIndex < 0) return false;
      if (one.type !== "radio") return true;
      const group = [...document.getElementsByName(one.name)].filter((other) => other.form === one.form);
      const stop = group.find((other) => other.checked) ?? group[0];
      const key = `${one.name} ${[...document.forms].indexOf(one.form)}`;
      if (one !== stop || chosen.has(key)) return false;
      chosen.add(key);
      return true;
    });
  };

  window.measures = {
    open() {
      document.querySelectorAll("details").forEach((one) => (one.open = true));
    },
    // Letters, lines, words and paragraphs as far apart as WCAG 1.4.12 says that somebody may set them.
    space() {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(
        "* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important } p { margin-bottom: 2em !important }",
      );
      document.adoptedStyleSheets = [sheet];
    },
    unspace() {
      document.adoptedStyleSheets = [];
    },
    sideways() {
      const root = document.documentElement;
      return root.scrollWidth > root.clientWidth ? [`${root.scrollWidth} in ${root.clientWidth}`] : [];
    },
    cut() {
      return withText().filter((one) => cutOff(one) || spills(one)).map(short);
    },
    bare() {
      const root = document.documentElement;
      const found = [...document.querySelectorAll("script, [style], [onclick], [onload], iframe")].map(short);
      if (document.querySelectorAll("h1").length !== 1) found.push("not one h1");
      if (root.lang !== "nl") found.push(`lang ${root.lang}`);
      const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
      found.push(...ids.filter((id, place) => ids.indexOf(id) !== place).map((id) => `twice #${id}`));
      const leads = (one) => document.getElementById(decodeURIComponent(one.hash.slice(1)));
      found.push(...[...document.querySelectorAll("a[href^='#']")].filter((one) => !leads(one)).map(short));
      return found;
    },
    listen() {
      window.stops = focusable();
      window.walked = [];
      document.addEventListener("focusin", (event) => {
        const one = event.target;
        const style = getComputedStyle(one);
        const box = one.getBoundingClientRect();
        window.walked.push({
          place: window.stops.indexOf(one),
          what: short(one),
          ring: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
          inView: box.right > 0 && box.left < innerWidth && box.bottom > 0 && box.top < innerHeight,
        });
      });
      const fields = window.stops.filter((one) => ["date", "time", "month", "datetime-local"].includes(one.type));
      return window.stops.length + 4 * fields.length + 1;
    },
    // Stops that Tab did not reach in their order, and stops at which nothing shows where one is.
    missed() {
      const places = window.walked.map((one) => one.place).filter((place, at, all) => place >= 0 && place !== all[at - 1]);
      const found = window.stops.map(short).filter((_, place) => places[place] !== place).map((what) => `not in order: ${what}`);
      const unseen = window.walked.filter((one) => one.place >= 0 && !(one.ring && one.inView));
      return [...found, ...unseen.map((one) => `nothing shows the focus on ${one.what}`)];
    },
    // Rows and blocks that paper may cut in two, and what belongs to a screen only.
    torn() {
      const rows = [...document.querySelectorAll("tr, li, figure, dl > div, summary")].filter(shown);
      const long = (one) => one.getBoundingClientRect().height > 600 || one.querySelector("li, tr, table");
      const cut = rows.filter((one) => !long(one) && getComputedStyle(one).breakInside !== "avoid").map(short);
      const buttons = "button, .button, select, input:not([type=hidden]), textarea, nav, .skip, .back";
      const screen = [...document.querySelectorAll(buttons)].filter(shown).map((one) => `for a screen: ${short(one)}`);
      return [...cut, ...screen];
    },
  };
})()
