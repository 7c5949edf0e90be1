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

  async function run(button) {
    const dagId = button.dataset.run;
    button.disabled = true;
    try {
      const answer = await fetch(`${airflow}/api/v2/dags/${encodeURIComponent(dagId)}/dagRuns`, {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json" },
        body: JSON.stringify({ logical_date: null }),
      });
      const said = await answer.json();
      if (answer.ok) {
        showInAirflow(`${airflow}/dags/${encodeURIComponent(dagId)}/runs/${encodeURIComponent(said.dag_run_id)}`);
        return;
      }
      const why = typeof said.detail === "string" ? said.detail : JSON.stringify(said.detail);
      notice(`Airflow does not run ${dagId}: ${why}`);
    } catch (error) {
      notice(`Airflow does not answer: ${error.message}. Look at the DAG's page whether it runs.`);
    }
    button.disabled = false;
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-airflow-page], a[data-sign-in], button[data-run]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (link.dataset.run) run(link);
    else if (link.hasAttribute("data-sign-in")) signIn(link.getAttribute("href"));
    else showInAirflow(link.getAttribute("href"));
  });

  // A notice is read out, and seen wherever the page was scrolled to.
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id === "notices") event.detail.target.scrollIntoView({ block: "nearest" });
    else if (event.detail.target.id === "list") document.getElementById("notices").replaceChildren();
  });
})();
