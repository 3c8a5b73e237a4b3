// Follows what happens for a page that says of which case (data-follow, empty for all that one may read) and after what
// (data-after), and shows what is new of it: each region marked data-live, but for one in which somebody is at work.
// The page's own words for it are on #live-status.

(() => {
  'use strict'
  const main = document.querySelector('main[data-follow]')
  const status = document.getElementById('live-status')
  if (!main || !status) return

  const SOON = 500, AGAIN = 1000, OUT_OF_REACH = 5000, SILENT = 45_000, MINUTE = 60_000, LEFT = 20_000
  const OURS = { headers: { 'X-Following': '1' } } // nobody's doing, so that no session goes on by it
  const GONE = [409, 410] // where we were is not there: the ledger was restored
  let after = main.dataset.after || 'end'
  let connection = null, looking = null, leaving = null, over = false

  const regions = page => [...page.querySelectorAll('[data-live][id]')]
  const pause = milliseconds => new Promise(done => setTimeout(done, milliseconds))

  // A region as the service made it, without what differs each time or is the reader's own.
  function plain(region) {
    const copy = region.cloneNode(true)
    copy.querySelectorAll('input[type=hidden], [data-clock]').forEach(it => it.remove())
    copy.querySelectorAll('details').forEach(it => it.removeAttribute('open'))
    return copy.innerHTML
  }
  const known = new Map(regions(document).map(it => [it.id, plain(it)]))

  const filled = region => [...region.querySelectorAll('input:not([type=hidden]), textarea, select')].map(it =>
    it.type === 'checkbox' || it.type === 'radio' ? it.checked : [...it.selectedOptions ?? [it]].map(one => one.value).join('\n'))

  // Whether somebody is at work in a region: is in it, has filled something in, or was shown what they sent again.
  function inUse(region, fresh) {
    const blank = region.cloneNode(true), now = filled(region), anew = filled(fresh)
    blank.querySelectorAll('form').forEach(it => it.reset())
    const differs = from => now.some((it, at) => it !== from[at])
    return region.contains(document.activeElement) || region.querySelector('[aria-invalid=true]') !== null
      || differs(filled(blank)) || (anew.length === now.length && differs(anew))
  }

  function show(region, fresh) {
    const opened = [...region.querySelectorAll('details')].map(it => it.open)
    fresh.querySelectorAll('details').forEach((it, at) => { it.open = opened[at] ?? it.open })
    known.set(region.id, plain(fresh))
    region.replaceWith(fresh)
    window.htmx?.process(fresh)
  }

  function tell(text, link = '', address = '') {
    const onward = Object.assign(document.createElement('a'), { href: address, textContent: link })
    status.replaceChildren(text, ...(link ? [' ', onward] : []))
  }

  // Loads the page anew and shows what changed; of what is in use it only says so.
  async function look() {
    looking = null
    const answer = await fetch(location.href, { ...OURS, redirect: 'manual' }).catch(() => null)
    if (!answer?.ok || over) return
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
    const changed = regions(page).filter(it => known.get(it.id) !== plain(it))
    const gone = regions(document).filter(it => page.getElementById(it.id) === null)
    let kept = gone.length > 0
    for (const fresh of changed) {
      const region = document.getElementById(fresh.id)
      if (region === null || inUse(region, fresh)) kept = true
      else show(region, document.adoptNode(fresh))
    }
    if (kept) tell(status.dataset.changed, status.dataset.anew, location.href)
    else if (changed.length) tell(status.dataset.changed)
  }
  const soon = () => { looking ??= setTimeout(look, SOON) }

  async function read(body) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader()
    let rest = '', silent
    for (;;) {
      silent = setTimeout(() => reader.cancel(), SILENT) // a connection can be lost without a word
      const { done, value } = await reader.read().finally(() => clearTimeout(silent))
      if (done) return
      const lines = (rest + value).split('\n')
      rest = lines.pop()
      for (const line of lines) {
        if (line.startsWith('id: ')) after = line.slice(4)
        if (line.startsWith('event: ')) soon()
      }
    }
  }

  // Listens until the feed ends or there is none; returns after how long to ask for it again.
  async function listen(signal) {
    const asked = new URLSearchParams({ after })
    if (main.dataset.follow) asked.set('case', main.dataset.follow)
    const answer = await fetch(`/feed?${asked}`, { ...OURS, signal })
    if (answer.ok) return await read(answer.body), AGAIN
    if (answer.status === 401) return end()
    if (answer.status === 403) return stop()
    soon()
    if (!GONE.includes(answer.status)) return MINUTE
    after = 'end'
    return AGAIN
  }

  async function follow() {
    if (connection || over || document.hidden) return
    const mine = connection = new AbortController()
    while (connection === mine) await pause(await listen(mine.signal).catch(() => OUT_OF_REACH))
  }
  function stop() {
    connection?.abort()
    connection = null
  }
  function end() {
    over = true
    stop()
    tell(status.dataset.over, status.dataset.signin, `/signin?${new URLSearchParams({ return_to: location.pathname + location.search })}`)
  }

  // A browser has few connections to one place, and a window that nobody sees keeps none.
  document.addEventListener('visibilitychange', () => {
    clearTimeout(leaving)
    if (document.hidden) leaving = setTimeout(stop, LEFT)
    else follow()
  })
  addEventListener('pagehide', stop)
  addEventListener('pageshow', follow)
  follow()
})()
