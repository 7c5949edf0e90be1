// What a page cannot do by itself: move Airflow's own page from within its frame, and run a DAG.
(() => {
  const airflow = document.body.dataset.airflow;
  const isFramed = window.parent !== window;

  // Airflow's address bar follows loads of the frame alone; a search changes it without one.
  if (isFramed) {
    const sync = () => {
      const place = parent.location.pathname.match(/^.*?\/plugin\/[^/]+/);
      if (place) parent.history.replaceState(parent.history.state, "", place[0] + location.pathname + location.search);
    };
    for (const name of ["pushState", "replaceState"]) {
      const original = history[name];
      history[name] = function (...values) {
        original.apply(this, values);
        sync();
      };
    }
    addEventListener("popstate", () => setTimeout(sync));
  }

  // The frame may not load another page around itself, so Airflow's router is asked to.
  function showInAirflow(address) {
    if (!isFramed) {
      location.assign(address);
      return;
    }
    parent.history.pushState(null, "", address);
    parent.dispatchEvent(new PopStateEvent("popstate", { state: parent.history.state }));
  }

  function signIn(address) {
    const around = isFramed ? parent : window;
    const link = around.document.createElement("a");
    link.href = `${address}?next=${encodeURIComponent(around.location.href)}`;
    around.document.body.append(link);
    link.click();
  }

  function notice(text) {
    const said = document.createElement("div");
    said.className = "notice notice-bad";
    said.textContent = text;
    document.getElementById("notices").replaceChildren(said);
  }

  // The id of the run that Airflow began; where it did not, the page says why.
  async function begin(dagId) {
    try {
      const answer = await fetch(`${airflow}/api/v2/dags/${encodeURIComponent(dagId)}/dagRuns`, {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json" },
        body: JSON.stringify({ logical_date: null }),
      });
      const said = await answer.json();
      if (answer.ok) return said.dag_run_id;
      const why = typeof said.detail === "string" ? said.detail : JSON.stringify(said.detail);
      notice(`Airflow does not run ${dagId}: ${why}`);
    } catch (error) {
      notice(`Airflow does not answer: ${error.message}. Look at the DAG's page whether it runs.`);
    }
    return null;
  }

  async function run(button) {
    const dagId = button.dataset.run;
    button.disabled = true;
    const runId = await begin(dagId);
    if (runId) showInAirflow(`${airflow}/dags/${encodeURIComponent(dagId)}/runs/${encodeURIComponent(runId)}`);
    else button.disabled = false;
  }

  // A kitchen's tests: what may begin is begun for as long as who asked for it looks.
  const begun = new Set();
  let asked = null;
  const roundOf = (box) => `testing ${box.dataset.testing}`;

  async function goOnTesting() {
    const box = document.getElementById("testing");
    if (!box || sessionStorage.getItem(roundOf(box)) !== box.dataset.commit) return;
    const ready = box.dataset.ready.split(" ").filter((dagId) => dagId && !begun.has(dagId));
    if (!ready.length && !("moves" in box.dataset)) {
      sessionStorage.removeItem(roundOf(box));
      begun.clear();
      return;
    }
    for (const dagId of ready) {
      begun.add(dagId);
      if (!(await begin(dagId))) {
        sessionStorage.removeItem(roundOf(box));
        return;
      }
    }
    if (ready.length) htmx.trigger(document.body, "testing-begun");
    // Airflow looks for new commits every few minutes; whoever tests does not wait for that.
    if (box.dataset.read && asked !== box.dataset.commit) {
      asked = box.dataset.commit;
      htmx.ajax("POST", box.dataset.read, { source: document.body, swap: "none" });
    }
  }

  function beginTesting(button) {
    const box = document.getElementById("testing");
    button.disabled = true;
    begun.clear();
    asked = null;
    sessionStorage.setItem(roundOf(box), box.dataset.commit);
    goOnTesting();
  }
  document.addEventListener("htmx:afterSettle", goOnTesting);
  goOnTesting();

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-airflow-page], a[data-sign-in], button[data-run], button[data-begin-testing]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (link.dataset.run) run(link);
    else if ("beginTesting" in link.dataset) beginTesting(link);
    else if (link.hasAttribute("data-sign-in")) signIn(link.getAttribute("href"));
    else showInAirflow(link.getAttribute("href"));
  });

  // A notice is read out, and seen wherever the page was scrolled to.
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id === "notices") event.detail.target.scrollIntoView({ block: "nearest" });
    else if (event.detail.target.id === "list") document.getElementById("notices").replaceChildren();
  });
})();
