// The page of `dwlab rate`: the view over HTTP, with the keys of the whole window.

const NO_ANSWER = "The server does not answer, so nothing was changed. Start `dwlab rate` again, then repeat the key.";

async function answerOf(request) {
  let answer;
  try {
    answer = await request;
  } catch {
    throw new Error(NO_ANSWER);
  }
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => ({}));
  throw new Error(problem.detail || `The server answered with an error (${answer.status}).`);
}

const overHttp = {
  async ask(action, body) {
    const request = fetch(`/api/${action}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    return (await answerOf(request)).json();
  },
  async picture(pair, side) {
    return (await answerOf(fetch(`/pictures/${pair}/${side}`))).blob();
  },
  keep(rater) {
    sessionStorage.setItem("dwlab-rater", rater);
  },
};

const root = document.querySelector("main");
const view = new RatingView(root, overHttp, sessionStorage.getItem("dwlab-rater") || root.dataset.rater);
window.addEventListener("keydown", (event) => view.pressed(event));
