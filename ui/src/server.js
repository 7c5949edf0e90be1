// What the editor asks of the REST API, and the words of a refusal.

export class Refusal extends Error {
  constructor(status, answer) {
    super(answer?.detail ?? `the server answers ${status}`);
    this.status = status;
    this.missing = answer?.missing ?? [];
    this.isMoved = answer?.type?.endsWith(":branch-moved") ?? false;
  }
}

export class Server {
  /** @param commits whose merge is looked at, `{ours, theirs}`: decisions are about it alone. */
  constructor(address, commits) {
    this.address = address;
    this.commits = commits;
  }

  file(path, whole = false) {
    return this.ask("GET", `/conflict?path=${encodeURIComponent(path)}${whole ? "&whole=true" : ""}`);
  }

  decisions(after) {
    return this.ask("GET", `/decisions?after=${after}`);
  }

  decide(resolutions, after, keepalive = false) {
    return this.ask("POST", `/decisions?after=${after}`, { resolutions, ...this.commits }, keepalive);
  }

  checks() {
    return this.ask("GET", "/checks");
  }

  draft() {
    return this.ask("GET", "");
  }

  complete(acknowledged, reason) {
    return this.ask("POST", "/complete", { acknowledged, reason: reason || null });
  }

  async ask(method, path, body, keepalive = false) {
    const answer = await fetch(this.address + path, {
      method,
      keepalive,
      headers: body ? { "Content-Type": "application/json" } : {},
      body: body ? JSON.stringify(body) : undefined,
    });
    const said = await answer.json().catch(() => null);
    if (!answer.ok) throw new Refusal(answer.status, said);
    return said;
  }
}
