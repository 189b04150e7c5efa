// Draws the matrix from `data.matrix` (coverage/charts/matrix.py says what it holds) and answers mouse and
// keyboard without asking Python. Every name comes in as text, never as markup.
const X = 0, ID = 1, NAME = 2, SUB = 3, OPEN = 4, BAND = 5, NUMBER = 6, SUBS = 7, SIGN = 8, LETTERS = 9
const SPOKEN = 10, MISSING = 11, FACTS = 12, RULES = 13, MORE = 14
const LEAST = 104 // pixels of a column: the longest word of a name fits

const node = (tag, name, text) => {
  const made = document.createElement(tag)
  if (name) made.className = name
  if (text !== undefined) made.textContent = text
  return made
}

class Matrix {
  constructor(host) {
    this.host = host
    this.sent = new Set() // states the reader made here: Python repeats them, later than newer ones
    this.open = new Set()
    this.all = false
    this.found = []
    this.nth = -1
    this.cells = new Map() // number of a cell -> its element
    this.build()
  }

  // ---- parts that stay ---------------------------------------------------------------------------------

  build() {
    this.root = node("div", "matrix")
    this.above = node("div", "above")
    const bar = node("div", "bar"), find = node("div", "find")
    find.setAttribute("role", "search")
    this.input = node("input")
    this.input.type = "search"
    this.input.placeholder = "Find a name or ID"
    this.input.setAttribute("aria-label", "Find a technique or sub-technique by name or ID")
    this.hits = node("span", "hits")
    this.hits.setAttribute("role", "status")
    this.before = this.button("‹", "Previous hit", () => this.go(-1))
    this.after = this.button("›", "Next hit", () => this.go(1))
    find.append(this.input, this.hits, this.before, this.after)
    this.every = this.button("Expand all", "", () => this.expandAll(!this.all))
    this.legend = node("ul", "legend")
    this.legend.setAttribute("aria-label", "Colours")
    bar.append(find, this.every, this.legend)
    this.heads = node("div", "heads")
    this.heads.setAttribute("aria-hidden", "true") // each row of the grid is named after its tactic
    this.rail = node("div", "rail")
    this.rail.setAttribute("aria-hidden", "true")
    this.rail.tabIndex = -1
    this.rail.append(node("div"))
    this.above.append(bar, this.heads, this.rail)
    this.body = node("div", "body")
    this.body.setAttribute("role", "grid")
    this.card = node("div", "card")
    this.card.id = "card"
    this.card.setAttribute("role", "tooltip")
    this.card.popover = "manual"
    this.root.append(this.above, this.body, this.card)
    this.host.append(this.root)
    this.listen()
  }

  button(text, label, act) {
    const made = node("button", "", text)
    made.type = "button"
    if (label) made.setAttribute("aria-label", label)
    made.addEventListener("click", act)
    return made
  }

  listen() {
    this.input.addEventListener("input", () => {
      clearTimeout(this.typing)
      this.typing = setTimeout(() => this.search(true), 150)
    })
    this.input.addEventListener("keydown", event => {
      if (event.key !== "Enter") return
      event.preventDefault()
      this.go(event.shiftKey ? -1 : 1)
    })
    this.body.addEventListener("click", event => this.click(event))
    this.body.addEventListener("keydown", event => this.key(event))
    this.body.addEventListener("focusin", event => {
      const cell = event.target.closest("[role=gridcell]")
      if (!cell) return
      this.rove(cell)
      if (cell.matches(":focus-visible")) this.show(cell)
    })
    this.body.addEventListener("focusout", () => this.hide())
    this.body.addEventListener("pointerover", event => this.point(event.target.closest("[role=gridcell]")))
    this.body.addEventListener("pointerleave", () => this.point(null))
    this.card.addEventListener("pointerenter", () => clearTimeout(this.pointing))
    this.card.addEventListener("pointerleave", () => this.point(null))
    const parts = [this.body, this.heads, this.rail]
    for (const part of parts) {
      part.addEventListener("scroll", () => {
        for (const other of parts) {
          if (other !== part && Math.abs(other.scrollLeft - part.scrollLeft) > 1) other.scrollLeft = part.scrollLeft
        }
      }, { passive: true })
    }
  }

  // ---- from Python -------------------------------------------------------------------------------------

  update({ data, setStateValue, setTriggerValue }) {
    this.tell = setStateValue
    this.ask = setTriggerValue
    const fresh = this.data?.id !== data.matrix.id
    this.data = data.matrix
    const state = JSON.stringify(data.shown)
    const led = state !== this.state && !this.sent.has(state)
    if (led) {
      this.state = state
      this.open = new Set(data.shown.unfold)
      this.all = data.shown.all
      this.input.value = data.shown.find
    }
    if (fresh) this.draw()
    if (fresh || led) {
      this.expansion()
      this.search(led)
    }
    this.fit()
  }

  tellLater() {
    clearTimeout(this.telling)
    this.telling = setTimeout(() => this.tellNow(), 600)
  }

  tellNow() {
    clearTimeout(this.telling)
    const shown = { unfold: [...this.open].sort(), all: this.all, find: this.input.value.trim() }
    const state = JSON.stringify(shown)
    if (state === this.state) return
    this.state = state
    this.sent.add(state)
    this.tell("shown", shown)
  }

  // ---- drawing -----------------------------------------------------------------------------------------

  draw() {
    const { look, tactics, cells, bands } = this.data
    for (const [name, colour] of Object.entries(look)) this.root.style.setProperty(`--${name}`, colour)
    this.root.style.setProperty("--line", look.faint)
    this.root.style.setProperty("--dash", `color-mix(in srgb, ${look.text} 70%, ${look.paper})`)
    this.root.style.setProperty("--columns", Math.max(tactics.length, 1))
    this.root.style.setProperty("--least", `${LEAST}px`)
    this.fills = new Map(bands.map(band => [`${band.band}${band.open ? "o" : ""}`, band]))
    this.body.setAttribute("aria-label", `ATT&CK matrix by tactic, coloured by ${this.data.label}`)
    this.cells.clear()
    const heads = node("div", "track"), track = node("div", "track")
    track.setAttribute("role", "presentation")
    this.columns = tactics.map(tactic => {
      const head = node("div", "head"), column = node("div", "column")
      head.append(node("b", "", tactic.name), tactic.figures)
      heads.append(head)
      column.setAttribute("role", "row")
      column.setAttribute("aria-label", tactic.spoken)
      track.append(column)
      return column
    })
    this.families = [] // a technique: its number, and those of its sub-techniques
    cells.forEach((cell, number) => {
      if (cell[SUB]) {
        this.families.at(-1)?.below.push(number)
        return
      }
      this.families.push({ number, id: cell[ID], below: [] })
      const made = this.cell(number)
      this.columns[cell[X]].append(made)
    })
    for (const family of this.families) {
      if (!family.below.length) continue
      const made = this.cells.get(family.number)
      const chevron = node("button", "chevron")
      chevron.type = "button"
      chevron.tabIndex = -1
      chevron.setAttribute("aria-hidden", "true") // + and - do it by keyboard, and the cell says whether it is
      made.append(chevron)
      made.setAttribute("aria-expanded", "false")
    }
    this.families_of = new Map()
    for (const family of this.families) {
      this.families_of.set(family.number, family)
      for (const number of family.below) this.families_of.set(number, family)
    }
    this.heads.replaceChildren(heads)
    this.body.replaceChildren(track)
    const first = this.cells.values().next().value
    if (first) first.tabIndex = 0
  }

  cell(number) {
    const cell = this.data.cells[number]
    const made = node("div", cell[SUB] ? "sub" : "cell")
    made.setAttribute("role", "gridcell")
    made.setAttribute("aria-label", cell[SPOKEN])
    made.tabIndex = -1
    made.number = number
    made.dataset.id = cell[ID]
    made.dataset.tactic = this.data.tactics[cell[X]].id
    const look = this.fills.get(`${cell[BAND]}${cell[OPEN] ? "o" : ""}`) ?? this.fills.get(`${cell[BAND]}`)
    if (cell[OPEN]) made.classList.add("open")
    if (look) {
      made.style.setProperty("--fill", look.fill)
      made.style.setProperty("--ink", look.ink)
    }
    const name = node("span", "name", cell[NAME].replaceAll("/", "/\u200b")) // a line may end at a stroke
    name.lang = "en"
    if (cell[SUB]) {
      const more = [node("b", "", cell[NUMBER]), ...this.letters(cell)]
      if (cell[SIGN]) more.push(node("span", "sign", cell[SIGN]))
      made.append(name, ...more.flatMap(one => [" ", one]))
    } else {
      const foot = node("span", "foot")
      foot.append(...this.letters(cell))
      if (cell[NUMBER]) foot.append(node("b", "", cell[NUMBER]))
      if (cell[SUBS]) foot.append(node("span", "subs", cell[SUBS]))
      if (cell[SIGN]) foot.append(node("span", "sign", cell[SIGN]))
      made.append(name, foot)
    }
    this.cells.set(number, made)
    return made
  }

  letters(cell) {
    return [...cell[LETTERS]].map(letter => this.letter(this.data.letters.find(one => one.letter === letter)))
  }

  letter(one) {
    const made = node("span", "letter", one.letter)
    made.style.background = one.fill
    made.style.color = one.ink
    return made
  }

  keys() {
    // The legend, with how many of the cells shown are of each kind.
    const counts = new Map()
    for (const number of this.shownNumbers()) {
      const cell = this.data.cells[number]
      let key = `${cell[BAND]}${cell[OPEN] ? "o" : ""}`
      if (!this.fills.has(key)) key = `${cell[BAND]}`
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
    const entries = [node("li", "", `${this.data.label}:`)]
    for (const [key, band] of this.fills) {
      const entry = node("li"), swatch = node("span", band.open ? "swatch open" : "swatch")
      swatch.style.background = band.fill
      entry.append(swatch, `${band.label} (${counts.get(key) ?? 0})`)
      entries.push(entry)
    }
    for (const one of this.data.letters) {
      const entry = node("li")
      entry.append(this.letter(one), one.name.length > 24 ? `${one.name.slice(0, 23)}…` : one.name)
      entries.push(entry)
    }
    if (this.data.cells.some(cell => cell[SUBS])) entries.push(node("li", "", "3/8: sub-techniques covered"))
    for (const sign of this.data.signs) entries.push(node("li", "", sign))
    this.legend.replaceChildren(...entries)
  }

  *shownNumbers() {
    for (const family of this.families) {
      yield family.number
      if (this.isOpen(family)) yield* family.below
    }
  }

  fit() {
    const scroller = this.scroller()
    const header = document.querySelector("[data-testid=stHeader]")?.getBoundingClientRect()
    const top = scroller ? scroller.getBoundingClientRect().top : 0
    const below = header ? Math.max(0, header.bottom - top) : 0
    this.root.style.setProperty("--header", `${below}px`)
    this.root.style.setProperty("--margin", `${below + this.above.offsetHeight + 6}px`)
    const wide = this.body.scrollWidth
    this.rail.firstChild.style.width = `${wide}px`
    this.rail.hidden = wide <= this.body.clientWidth + 1
  }

  scroller() {
    for (let at = this.host.host ?? this.host; at; at = at.parentElement ?? at.getRootNode?.().host) {
      if (at instanceof Element && /auto|scroll/.test(getComputedStyle(at).overflowY)) return at
    }
    return null
  }

  // ---- expanding ---------------------------------------------------------------------------------------

  isOpen(family) {
    return family.below.length > 0 && (this.all || this.open.has(family.id) || this.found[this.nth]?.family === family)
  }

  expansion() {
    for (const family of this.families) {
      if (!family.below.length) continue
      const parent = this.cells.get(family.number), open = this.isOpen(family)
      if (open === (parent.getAttribute("aria-expanded") === "true")) continue
      parent.setAttribute("aria-expanded", String(open))
      if (open) {
        const below = node("div", "below")
        below.setAttribute("role", "presentation")
        below.append(...family.below.map(number => this.cells.get(number) ?? this.cell(number)))
        parent.after(below)
      } else {
        if (parent.nextElementSibling.contains(this.active())) parent.focus({ preventScroll: true })
        parent.nextElementSibling.remove()
      }
    }
    this.every.textContent = this.all ? "Collapse all" : "Expand all"
    this.every.setAttribute("aria-pressed", String(this.all))
    this.keys()
    if (!this.body.querySelector("[tabindex='0'][role=gridcell]")) {
      const first = this.body.querySelector("[role=gridcell]")
      if (first) first.tabIndex = 0
    }
  }

  toggle(family, open = !this.isOpen(family)) {
    if (!family.below.length || open === this.isOpen(family)) return
    if (this.all) {
      this.all = false
      this.open = new Set(this.families.filter(one => one.below.length).map(one => one.id))
    }
    if (open) this.open.add(family.id)
    else {
      this.open.delete(family.id)
      if (this.found[this.nth]?.family === family) this.nth = -1
    }
    this.hide()
    this.expansion()
    this.mark()
    this.tellLater()
  }

  expandAll(all) {
    this.all = all
    this.open.clear()
    this.expansion()
    this.mark()
    this.fit()
    this.tellLater()
  }

  // ---- finding -----------------------------------------------------------------------------------------

  search(jump) {
    const words = this.input.value.trim().toLowerCase()
    this.nth = -1
    this.found = []
    if (words) {
      this.data.cells.forEach((cell, number) => {
        if (`${cell[ID]} ${cell[NAME]}`.toLowerCase().includes(words)) {
          this.found.push({ number, family: cell[SUB] ? this.families_of.get(number) : null }) // opens for it
        }
      })
    }
    this.before.hidden = this.after.hidden = this.found.length === 0
    if (jump && this.found.length) this.go(1)
    else {
      this.expansion()
      this.mark()
    }
    if (jump) this.tellLater()
  }

  go(step) {
    if (!this.found.length) return
    const count = this.found.length
    this.nth = this.nth < 0 ? (step > 0 ? 0 : count - 1) : (this.nth + step + count) % count
    this.expansion()
    this.mark()
    this.reveal(this.cells.get(this.found[this.nth].number))
  }

  mark() {
    for (const old of this.body.querySelectorAll(".hit")) old.classList.remove("hit", "now")
    this.found.forEach(({ number }, nth) => {
      const made = this.cells.get(number)
      made?.classList.add("hit")
      if (nth === this.nth) made?.classList.add("now")
    })
    const count = this.found.length, words = this.input.value.trim()
    const hits = count === 1 ? "1 hit" : `${count} hits`
    this.hits.textContent = !words ? "" : !count ? "No hit" : this.nth < 0 ? hits : `${this.nth + 1} of ${hits}`
    this.hits.title = count > 1 ? "Enter: next, Shift+Enter: previous" : ""
  }

  reveal(made) {
    this.fit()
    made?.scrollIntoView({ block: "nearest", inline: "nearest" })
  }

  // ---- mouse and keyboard ------------------------------------------------------------------------------

  click(event) {
    const made = event.target.closest("[role=gridcell]")
    if (!made) return
    if (event.target.closest(".chevron")) {
      made.focus({ preventScroll: true })
      this.toggle(this.families_of.get(made.number))
    } else this.openCell(made)
  }

  openCell(made) {
    this.hide()
    this.tellNow() // told later, it would run the page again and close what opens
    this.ask("opened", made.dataset.id)
  }

  active() {
    return this.root.getRootNode().activeElement
  }

  rove(made) {
    for (const old of this.body.querySelectorAll("[role=gridcell][tabindex='0']")) old.tabIndex = -1
    made.tabIndex = 0
  }

  key(event) {
    const made = event.target.closest("[role=gridcell]")
    if (!made || event.altKey || event.metaKey) return
    const family = this.families_of.get(made.number)
    const acts = {
      Enter: () => this.openCell(made),
      " ": () => this.toggle(family),
      "+": () => this.toggle(family, true),
      "-": () => this.toggle(family, false),
      ArrowDown: () => this.move(made, 1),
      ArrowUp: () => this.move(made, -1),
      ArrowRight: () => this.across(made, 1),
      ArrowLeft: () => this.across(made, -1),
      Home: () => this.end(made, event.ctrlKey, true),
      End: () => this.end(made, event.ctrlKey, false),
      Escape: () => this.hide(),
    }
    const act = acts[event.key]
    if (!act || (event.ctrlKey && !["Home", "End"].includes(event.key))) return
    event.preventDefault()
    act()
  }

  columnOf(made) {
    return this.columns.indexOf(made.closest("[role=row]"))
  }

  walk(column) {
    return [...this.columns[column].querySelectorAll("[role=gridcell]")]
  }

  move(made, step) {
    const all = this.walk(this.columnOf(made))
    this.focus(all[all.indexOf(made) + step])
  }

  across(made, step) {
    const { top, height } = made.getBoundingClientRect(), middle = top + height / 2
    const away = one => {
      const box = one.getBoundingClientRect()
      return Math.abs(box.top + box.height / 2 - middle)
    }
    for (let x = this.columnOf(made) + step; this.columns[x]; x += step) {
      const all = this.walk(x)
      if (all.length) return this.focus(all.reduce((best, one) => (away(one) < away(best) ? one : best)))
    }
  }

  end(made, whole, first) {
    const all = whole ? [...this.body.querySelectorAll("[role=gridcell]")] : this.walk(this.columnOf(made))
    this.focus(all.at(first ? 0 : -1))
  }

  focus(made) {
    if (!made) return
    made.focus({ preventScroll: true })
    this.reveal(made)
    if (this.card.matches(":popover-open")) this.place(made)
  }

  // ---- the card ----------------------------------------------------------------------------------------

  point(made) {
    clearTimeout(this.pointing)
    this.pointing = setTimeout(() => (made ? this.show(made) : this.hide()), made ? 250 : 200)
  }

  show(made) {
    clearTimeout(this.pointing)
    if (!made.isConnected) return
    const cell = this.data.cells[made.number]
    this.card.replaceChildren(node("p", "title", `${cell[ID]} ${cell[NAME]} · ${this.data.tactics[cell[X]].name}`))
    for (const line of cell[MISSING]) this.card.append(node("p", "missing", line))
    for (const line of cell[FACTS]) this.card.append(node("p", "", line))
    if (cell[RULES].length) {
      const rules = node("ul")
      for (const place of cell[RULES]) {
        const [severity, name] = this.data.rules[place]
        rules.append(node("li", "", severity ? `${severity} · ${name}` : name))
      }
      if (cell[MORE] > 0) rules.append(node("li", "", `and ${cell[MORE]} more`))
      this.card.append(rules)
    }
    const keys = this.families_of.get(made.number).below.length ? "Enter or click opens it, + expands it" : "Enter or click opens it"
    this.card.append(node("p", "", keys))
    if (!this.card.matches(":popover-open")) this.card.showPopover()
    this.place(made)
  }

  place(made) {
    const box = made.getBoundingClientRect(), card = this.card.getBoundingClientRect(), gap = 6
    const right = box.right + gap + card.width <= window.innerWidth
    const left = right ? box.right + gap : box.left - gap - card.width
    this.card.style.left = `${Math.max(4, left < 0 ? Math.min(box.left, window.innerWidth - card.width - 4) : left)}px`
    const below = left < 0 ? box.bottom + gap : box.top
    this.card.style.top = `${Math.max(4, Math.min(below, window.innerHeight - card.height - 4))}px`
  }

  hide() {
    clearTimeout(this.pointing)
    if (this.card.matches(":popover-open")) this.card.hidePopover()
  }
}

export default function (component) {
  const { parentElement } = component
  const place = parentElement.querySelector("div")
  const matrix = (place.matrix ??= new Matrix(place))
  matrix.update(component)
  const fit = () => matrix.fit(), scrolled = () => matrix.hide()
  const scroller = matrix.scroller()
  window.addEventListener("resize", fit)
  scroller?.addEventListener("scroll", scrolled, { passive: true })
  const watch = new ResizeObserver(fit)
  watch.observe(matrix.root)
  return () => {
    window.removeEventListener("resize", fit)
    scroller?.removeEventListener("scroll", scrolled)
    watch.disconnect()
    matrix.hide()
  }
}
