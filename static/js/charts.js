// Draws [data-chart]: a canvas with its numbers beside it as JSON. Amounts arrive as whole nano-USD,
// so that no digit is lost on the way; colours come from the style sheet.
(() => {
  "use strict";

  const NANOS = 1_000_000_000;

  function styleOf(name) {
    // A variable may read light-dark(…): only a painted element knows which it is.
    const probe = document.createElement("span");
    probe.className = `paint-${name}`;
    document.body.append(probe);
    const colour = getComputedStyle(probe).color;
    probe.remove();
    return colour;
  }

  function separated(number) {
    return number.toLocaleString("en-US");
  }

  function exactUsd(nanos) {
    const rest = String(nanos % NANOS).padStart(9, "0");
    const cents = rest.slice(0, 2) + rest.slice(2).replace(/0+$/, "");
    return `$${separated(Math.floor(nanos / NANOS))}.${cents}`;
  }

  function shown(metric, value) {
    return metric === "cost" ? exactUsd(value) : separated(value);
  }

  const compact = new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: 3 });

  function tick(metric, value) {
    if (metric !== "cost") {
      return Number.isInteger(value) ? compact.format(value) : "";
    }
    const usd = value / NANOS;
    if (usd >= 1000) {
      return `$${compact.format(usd)}`;
    }
    // Below a cent, cents say nothing.
    return usd === 0 || usd >= 10 ? `$${Number(usd.toFixed(2))}` : `$${usd >= 0.01 ? usd.toFixed(2) : Number(usd.toPrecision(2))}`;
  }

  function datasets(drawing) {
    const edge = styleOf("surface");
    return drawing.layers.map((layer) => ({
      label: layer.name,
      data: layer.values,
      backgroundColor: styleOf(layer.colour),
      hoverBackgroundColor: styleOf(layer.colour),
      // A hairline keeps neighbours apart for those who cannot tell their colours.
      borderColor: edge,
      borderWidth: { top: 1 },
      borderSkipped: false,
      borderRadius: 2,
      maxBarThickness: 34,
      categoryPercentage: 0.86,
      barPercentage: 0.92,
    }));
  }

  function scales(metric, font) {
    const faint = styleOf("faint");
    return {
      x: {
        stacked: true,
        grid: { display: false },
        border: { color: styleOf("line") },
        ticks: { color: faint, font, maxRotation: 0, autoSkip: true, autoSkipPadding: 18 },
      },
      y: {
        stacked: true,
        beginAtZero: true,
        border: { display: false },
        grid: { color: styleOf("line"), drawTicks: false },
        ticks: {
          color: faint,
          font,
          padding: 8,
          maxTicksLimit: 5,
          callback: (value) => tick(metric, value),
        },
      },
    };
  }

  function tooltip(drawing, font) {
    const { metric, titles } = drawing;
    return {
      mode: "index",
      intersect: false,
      backgroundColor: styleOf("raised"),
      borderColor: styleOf("line-strong"),
      borderWidth: 1,
      titleColor: styleOf("text"),
      bodyColor: styleOf("muted"),
      footerColor: styleOf("text"),
      titleFont: { ...font, size: 12, weight: 600 },
      bodyFont: { ...font, size: 12 },
      footerFont: { ...font, size: 12, weight: 600 },
      padding: 12,
      cornerRadius: 8,
      boxWidth: 8,
      boxHeight: 8,
      boxPadding: 6,
      caretSize: 0,
      filter: (item) => item.raw > 0,
      itemSort: (one, other) => other.raw - one.raw,
      callbacks: {
        title: (items) => (items.length ? titles[items[0].dataIndex] : ""),
        label: (item) => `${item.dataset.label}  ${shown(metric, item.raw)}`,
        footer: (items) => {
          const total = items.reduce((sum, item) => sum + item.raw, 0);
          return items.length > 1 ? `Total  ${shown(metric, total)}` : "";
        },
      },
    };
  }

  function follow(links) {
    return (event, _active, chart) => {
      const hit = chart.getElementsAtEventForMode(event, "index", { intersect: false }, true);
      if (links && hit.length) {
        location.assign(links[hit[0].index]);
      }
    };
  }

  function draw(holder) {
    const canvas = holder.querySelector("canvas");
    const [drawing, links] = [...holder.querySelectorAll("script")].map((s) => JSON.parse(s.textContent));
    Chart.getChart(canvas)?.destroy();
    const font = { family: getComputedStyle(document.body).fontFamily, size: 11 };
    canvas.classList.toggle("follows", Boolean(links));
    new Chart(canvas, {
      type: "bar",
      data: { labels: drawing.labels, datasets: datasets(drawing) },
      options: {
        animation: false,
        maintainAspectRatio: false,
        responsive: true,
        interaction: { mode: "index", intersect: false },
        onClick: links ? follow(links) : undefined,
        plugins: { legend: { display: false }, tooltip: tooltip(drawing, font) },
        scales: scales(drawing.metric, font),
      },
    });
  }

  function drawAll(within) {
    for (const holder of within.querySelectorAll("[data-chart]")) {
      draw(holder);
    }
  }

  function redraw() {
    drawAll(document);
  }

  document.addEventListener("theme-changed", redraw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  document.addEventListener("htmx:beforeCleanupElement", (event) => {
    if (event.target instanceof HTMLCanvasElement) {
      Chart.getChart(event.target)?.destroy();
    }
  });
  // htmx says this once for the page and once for each part it swaps in.
  document.addEventListener("htmx:load", (event) => drawAll(event.detail.elt));
})();
