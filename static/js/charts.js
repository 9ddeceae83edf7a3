// Draws [data-chart] and [data-course]: a canvas with its numbers beside it as JSON. Amounts arrive as
// whole nano-USD, so that no digit is lost on the way; colours come from the style sheet.
(() => {
  "use strict";

  const GROUPED = /^[1-9]\d{0,2}(,\d{3})+(\.\d*)?$/;
  const NANOS = 1_000_000_000;
  const NANO_DECIMALS = 9;
  const CENT = 10_000_000;
  const CENT_DECIMALS = 2;
  const HEADROOM = 16;
  const TIE = 12;
  const APART = 10;
  const SHAPE = { borderRadius: 2, maxBarThickness: 34, categoryPercentage: 0.86, barPercentage: 0.92 };
  // Numbers are written in the page's language; its words come with each drawing.
  const LANGUAGE = document.documentElement.lang || "en";
  const compact = new Intl.NumberFormat(LANGUAGE, { notation: "compact", maximumSignificantDigits: 3 });

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
    return number.toLocaleString(LANGUAGE);
  }

  function usd(nanos, decimals) {
    const rest = String(nanos % NANOS).padStart(NANO_DECIMALS, "0").slice(0, decimals);
    return `$${separated(Math.floor(nanos / NANOS))}${rest && `.${rest}`}`;
  }

  // As many decimals as all of the amounts need: none, or cents, or what lies below them.
  function decimalsOf(amounts) {
    let decimals = 0;
    while (decimals < NANO_DECIMALS && amounts.some((nanos) => nanos % 10 ** (NANO_DECIMALS - decimals))) {
      decimals += 1;
    }
    return decimals && Math.max(decimals, CENT_DECIMALS);
  }

  // As the tables have it: cents, and below a cent the two digits that matter.
  function readable(nanos) {
    const isTiny = nanos > 0 && nanos < CENT;
    const step = isTiny ? 10 ** Math.max(String(nanos).length - 2, 0) : CENT;
    const short = Math.round(nanos / step) * step;
    return usd(short, Math.max(decimalsOf([short]), CENT_DECIMALS));
  }

  function shown(metric, value) {
    return metric === "cost" ? readable(value) : separated(value);
  }

  // The ticks of an axis look alike, and no two of them are the same: a step below a cent shows.
  function tick(metric, value, all) {
    if (metric !== "cost") {
      return compact.format(value);
    }
    const amounts = all.map((one) => Math.round(one.value));
    return Math.max(...amounts) >= 10_000 * NANOS
      ? `$${compact.format(value / NANOS)}`
      : usd(Math.round(value), decimalsOf(amounts));
  }

  // A line on the ground where there was usage that cost nothing: nobody takes it for a gap.
  function covered({ covered: { name, bars } = { bars: [] }, labels }) {
    const isCovered = new Set(bars);
    const mark = { label: name, covers: true, minBarLength: 4, backgroundColor: styleOf("covered"), ...SHAPE };
    return bars.length ? [{ ...mark, data: labels.map((_label, at) => (isCovered.has(at) ? 0 : null)) }] : [];
  }

  function datasets(drawing) {
    const edge = styleOf("surface");
    const layers = drawing.layers.map((layer) => ({
      label: layer.name,
      data: layer.values,
      backgroundColor: styleOf(layer.colour),
      hoverBackgroundColor: styleOf(layer.colour),
      // A hairline keeps neighbours apart for those who cannot tell their colours.
      borderColor: edge,
      borderWidth: { top: 1 },
      borderSkipped: false,
      ...SHAPE,
    }));
    return [...layers, ...covered(drawing)];
  }

  // Where everything is 0, the axis goes up to what people know, and not to a nano-USD.
  function scales(metric, font, isEmpty = false) {
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
        suggestedMax: isEmpty && metric === "cost" ? NANOS : undefined,
        border: { display: false },
        grid: { color: styleOf("line"), drawTicks: false },
        ticks: {
          color: faint,
          font,
          padding: 8,
          maxTicksLimit: 5,
          // There is no part of a token, and none of a nano-USD.
          precision: 0,
          callback: (value, _index, all) => tick(metric, value, all),
        },
      },
    };
  }

  function tooltip(drawing, font) {
    const { metric, titles, total: word } = drawing;
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
      filter: (item) => item.raw > 0 || (item.dataset.covers && item.raw === 0),
      itemSort: (one, other) => other.raw - one.raw,
      callbacks: {
        title: (items) => (items.length ? titles[items[0].dataIndex] : ""),
        label: (item) => (item.dataset.covers ? item.dataset.label : `${item.dataset.label}  ${shown(metric, item.raw)}`),
        footer: (items) => {
          const total = items.reduce((sum, item) => sum + item.raw, 0);
          return word && items.length > 1 ? `${word}  ${shown(metric, total)}` : "";
        },
      },
    };
  }

  // Beside the bar it speaks of, on the side where there is more room.
  Chart.Tooltip.positioners.beside = function beside([first]) {
    if (!first) {
      return false;
    }
    const { x, width } = first.element;
    const { left, right, top, bottom } = this.chart.chartArea;
    const isLeft = x > (left + right) / 2;
    const reach = width / 2 + APART;
    return { x: isLeft ? x - reach : x + reach, y: (top + bottom) / 2, xAlign: isLeft ? "right" : "left", yAlign: "center" };
  };

  // A bar leads to what is behind it, and one of its colours to what is behind that alone.
  function follow({ layers, narrows }, links) {
    return (event, _active, chart) => {
      const [bar] = chart.getElementsAtEventForMode(event, "index", { intersect: false }, true);
      const [part] = chart.getElementsAtEventForMode(event, "point", { intersect: true }, true);
      if (bar) {
        const address = new URL(links[bar.index], location);
        const group = part && layers[part.datasetIndex]?.group;
        if (typeof group === "string") {
          address.searchParams.set(narrows, group);
        }
        location.assign(address);
      }
    };
  }

  function draw(holder) {
    const canvas = holder.querySelector("canvas");
    const [drawing, links] = [...holder.querySelectorAll("script")].map((s) => JSON.parse(s.textContent));
    Chart.getChart(canvas)?.destroy();
    const font = { family: getComputedStyle(document.body).fontFamily, size: 11 };
    const isEmpty = drawing.layers.every(({ values }) => !values.some(Boolean));
    canvas.classList.toggle("follows", Boolean(links));
    new Chart(canvas, {
      type: "bar",
      data: { labels: drawing.labels, datasets: datasets(drawing) },
      options: {
        animation: false,
        maintainAspectRatio: false,
        responsive: true,
        interaction: { mode: "index", intersect: false },
        onClick: links ? follow(drawing, links) : undefined,
        plugins: { legend: { display: false }, tooltip: { ...tooltip(drawing, font), position: "beside" } },
        scales: scales(drawing.metric, font, isEmpty),
      },
    });
  }

  // --- Courses: an amount over the days of its period, with thresholds as lines across ----------
  function numbersOf(threshold) {
    const field = document.getElementById(threshold.field);
    const separators = threshold.over > 1 ? /[\s,;%，、]+/ : /$^/;
    const parts = (field?.value ?? "").split(separators).map((part) => part.replace(/[\s$]/g, ""));
    // As the server reads it: commas stand before thousands, and nowhere else.
    const plain = parts.map((part) => (GROUPED.test(part) ? part.replaceAll(",", "") : part));
    const numbers = plain.filter(Boolean).map(Number).filter(Number.isFinite);
    return numbers.filter((number) => number !== threshold.off);
  }

  // Amounts are typed in dollars, and written with their cents as everywhere.
  function written(metric, number) {
    const digits = { minimumFractionDigits: CENT_DECIMALS, maximumFractionDigits: CENT_DECIMALS };
    return metric === "cost" ? number.toLocaleString(LANGUAGE, digits) : separated(number);
  }

  function thresholdLines({ metric, thresholds }) {
    const lines = thresholds.flatMap((threshold) =>
      numbersOf(threshold).map((number) => ({
        height: threshold.base + (number * threshold.times) / threshold.over,
        words: threshold.words.replace("{number}", written(metric, number)),
      })),
    );
    return lines.sort((one, other) => one.height - other.height);
  }

  function drawLines({ ctx, chartArea, scales }, lines, colour) {
    ctx.strokeStyle = colour;
    ctx.setLineDash([5, 3]);
    for (const { height } of lines) {
      const at = scales.y.getPixelForValue(height);
      ctx.beginPath();
      ctx.moveTo(chartArea.left, at);
      ctx.lineTo(chartArea.right, at);
      ctx.stroke();
    }
    ctx.setLineDash([]);
  }

  // From top to bottom, each where it wants to be, or as near as the others leave room.
  function spread(wanted, apart, { top, bottom }) {
    const places = [];
    for (const [place, at] of wanted.entries()) {
      places.push(Math.max(at, place ? places[place - 1] + apart : top));
    }
    for (let place = places.length - 1; place >= 0; place -= 1) {
      const below = place < places.length - 1 ? places[place + 1] - apart : bottom;
      places[place] = Math.min(places[place], below);
    }
    return places;
  }

  function setFont(ctx, font) {
    ctx.font = `600 ${font.size}px ${font.family}`;
  }

  // Words stand right of the drawing, and a tie leads from each line to its own.
  function drawWords({ ctx, chartArea, scales }, lines, colour, font) {
    const downwards = [...lines].reverse();
    const wanted = downwards.map(({ height }) => scales.y.getPixelForValue(height));
    const places = spread(wanted, font.size + 3, chartArea);
    setFont(ctx, font);
    ctx.textAlign = "left";
    ctx.textBaseline = "middle";
    ctx.fillStyle = colour;
    for (const [place, { words }] of downwards.entries()) {
      ctx.beginPath();
      ctx.moveTo(chartArea.right, wanted[place]);
      ctx.lineTo(chartArea.right + TIE, places[place]);
      ctx.stroke();
      ctx.fillText(words, chartArea.right + TIE + 3, places[place]);
    }
  }

  // As wide as the widest words of now and of the largest number: sliding moves no drawing.
  function roomForWords(ctx, drawing, font) {
    const lines = shownLines(drawing);
    if (!lines.length) {
      return 4;
    }
    const used = drawing.thresholds.filter((threshold) => numbersOf(threshold).length);
    const largest = used.map((threshold) => {
      const most = Math.round((drawing.top * threshold.over) / Math.abs(threshold.times));
      return threshold.words.replace("{number}", written(drawing.metric, most));
    });
    setFont(ctx, font);
    const widths = [...lines.map(({ words }) => words), ...largest].map((words) => ctx.measureText(words).width);
    return Math.ceil(Math.max(...widths)) + TIE + 4;
  }

  function shownLines(drawing) {
    return thresholdLines(drawing).filter(({ height }) => height >= 0 && height <= drawing.top);
  }

  function drawThresholds(chart, drawing, colour, font) {
    const lines = shownLines(drawing);
    // A legend names nothing that is not drawn.
    chart.canvas.closest("figure").querySelector("[data-thresholds]").hidden = !lines.length;
    chart.ctx.save();
    drawLines(chart, lines, colour);
    drawWords(chart, lines, colour, font);
    chart.ctx.restore();
  }

  function courseLines(drawing) {
    const colours = [styleOf("1"), styleOf("rest")];
    return drawing.lines.map((line, place) => ({
      label: line.name,
      data: line.values,
      borderColor: colours[place],
      backgroundColor: colours[place],
      borderWidth: 2,
      borderDash: place ? [2, 3] : [],
      // A period's first day is a point: no line leads to it yet.
      pointRadius: line.values.filter((value) => value !== null).length === 1 ? 3 : 0,
      pointHitRadius: 8,
    }));
  }

  // The highest line is seen as one, and not as the edge.
  function headed(axis, top) {
    const ticks = { ...axis.ticks, includeBounds: false };
    return { ...axis, stacked: false, max: top + Math.ceil(top / HEADROOM), ticks };
  }

  function drawCourse(holder) {
    const canvas = holder.querySelector("canvas");
    const drawing = JSON.parse(holder.querySelector("script").textContent);
    Chart.getChart(canvas)?.destroy();
    const font = { family: getComputedStyle(document.body).fontFamily, size: 11 };
    const { x, y } = scales(drawing.metric, font);
    const colour = styleOf("threshold");
    new Chart(canvas, {
      type: "line",
      data: { labels: drawing.labels, datasets: courseLines(drawing) },
      plugins: [
        {
          id: "thresholds",
          afterDatasetsDraw: (chart) => drawThresholds(chart, drawing, colour, font),
        },
      ],
      options: {
        animation: false,
        maintainAspectRatio: false,
        responsive: true,
        interaction: { mode: "index", intersect: false },
        layout: { padding: ({ chart }) => ({ right: roomForWords(chart.ctx, drawing, font) }) },
        plugins: { legend: { display: false }, tooltip: tooltip(drawing, font) },
        scales: { x: { ...x, stacked: false }, y: headed(y, drawing.top) },
      },
    });
  }

  document.addEventListener("input", (event) => {
    for (const holder of document.querySelectorAll("[data-course]")) {
      if (holder.closest("form")?.contains(event.target)) {
        Chart.getChart(holder.querySelector("canvas"))?.update("none");
      }
    }
  });

  function drawAll(within) {
    for (const holder of within.querySelectorAll("[data-chart]")) {
      draw(holder);
    }
    for (const holder of within.querySelectorAll("[data-course]")) {
      drawCourse(holder);
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
