// The replay without this works too. With it the sliders say where they are while they move, the picture shows the moment
// at hand where it is wider than the screen, and the names of its lanes stay in sight.
"use strict"

function named(picture) {
  for (const name of picture.querySelectorAll(".lane-title")) name.setAttribute("x", picture.scrollLeft + 8)
}

function shown() {
  const picture = document.getElementById("picture")
  const line = picture && picture.querySelector(".at-hand line")
  if (line) picture.scrollLeft = Number(line.getAttribute("x1")) - picture.clientWidth / 2
  if (picture) named(picture)
}

document.addEventListener("input", event => {
  const told = event.target.type === "range" && document.getElementById(event.target.id + "-told")
  if (told) told.textContent = `${event.target.value} / ${event.target.max}`
})
document.addEventListener("scroll", event => event.target.id === "picture" && named(event.target), true)
document.addEventListener("htmx:afterSettle", shown)
shown()
