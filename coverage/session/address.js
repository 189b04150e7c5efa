// Shows in the address bar what the page shows, in place of the entry of the browser's history that is there:
// a filter is no step to go back to. Streamlit's own query parameters make a step of each change.
export default function ({ data }) {
  const here = new URL(window.location.href)
  if (data.instead !== undefined) {
    window.location.replace(new URL(data.instead, here)) // relative: the app may be served below a path
    return
  }
  if (data.query === undefined) return // the run has just begun
  if (here.pathname.split("/").pop() !== data.page) return // the reader is on another page by now
  const wanted = new URL(here)
  wanted.search = data.query
  if (wanted.href !== here.href) window.history.replaceState(window.history.state, "", wanted)
}
