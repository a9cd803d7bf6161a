// The order of a visit and who is eligible: the same rules as app/domain/visits/rules.py, which is the truth.
// tests/web/test_desk_rules.py gives both the same cases.

export const STEPS = [
  "eligibility", "consent", "knowledge_test", "interview", "services", "stipend", "training", "bundle", "done",
];
const MAY_PASS = ["services", "stipend"];

// A visit that has just begun. `card` is false for someone who is served without one.
export function begun({ person, scan, at, day, tail, judged, card }) {
  return {
    person, scan, at, day, tail, judged,
    came: card ? "recruit" : "walk_in", standing: "arrived",
    screened: false, consented: null, tested: false, interviewed: false, trained: false,
    served: false, owed_minor: card ? 1 : 0, has_bundle: false,
    passed: null, given: {}, events: [], verdicts: {}, fee: false, undone: null,
  };
}

function done(visit) {
  return {
    eligibility: visit.screened, consent: visit.consented !== null, knowledge_test: visit.tested,
    interview: visit.interviewed, services: visit.served, stipend: visit.owed_minor === 0,
    training: visit.trained, bundle: visit.has_bundle, done: false,
  };
}

// Whether a step has been entered.
export const isBehind = (visit, step) => Boolean(done(visit)[step]);

export function steps(visit) {
  if (visit.standing === "mistaken") return ["done"];
  const ends = ["services", "done"];
  if (visit.came === "seed") return ["services", "stipend", "bundle", "done"];
  if (["ineligible", "duplicate"].includes(visit.standing)) return ["eligibility", ...ends];
  if (visit.consented === false) return ["eligibility", "consent", ...ends];
  if (visit.came === "walk_in") return ["eligibility", "consent", "interview", ...ends];
  return STEPS;
}

export function nextStep(visit, after = null) {
  const isDone = done(visit);
  const passed = after ? STEPS.indexOf(after) : -1;
  return steps(visit).find(
    (step) => !isDone[step] && !(MAY_PASS.includes(step) && STEPS.indexOf(step) <= passed));
}

export function openable(visit) {
  const isDone = done(visit);
  const getsNoCards = visit.standing === "ineligible" || visit.consented === false;
  const untaught = Boolean(visit.consented) && visit.came === "walk_in";
  const complete = visit.interviewed || visit.came === "seed";
  isDone.stipend = false;
  if (visit.interviewed) isDone.eligibility = isDone.consent = false;
  const opened = new Set([nextStep(visit)]);
  if (getsNoCards || untaught || visit.tested || complete) ["services", "done"].forEach((step) => opened.add(step));
  if (complete) ["stipend", "training", "bundle"].forEach((step) => opened.add(step));
  return steps(visit).filter((step) => isDone[step] || opened.has(step));
}

export function ineligibleBecause({ minimum_age: minimumAge }, { age, adultConfirmed, injectedRecently }) {
  const isAdult = age === null ? adultConfirmed : age >= minimumAge;
  return [...(isAdult ? [] : ["under_age"]), ...(injectedRecently ? [] : ["not_recently_injected"])];
}

// The visit once a step was entered. `fields` are those of the form.
export function entered(visit, step, fields, rules) {
  const next = structuredClone(visit);
  if (step === "eligibility") {
    next.screened = true;
    next.standing = ineligibleBecause(rules, screening(fields)).length ? "ineligible" : "arrived";
  }
  if (step === "consent") next.consented = { yes: true, no: false }[fields.consent_participation] ?? null;
  if (step === "knowledge_test") next.tested = true;
  if (step === "interview") {
    next.interviewed = true;
    if (next.screened && next.consented && next.standing === "arrived") next.standing = "enrolled";
  }
  if (step === "services") noteServices(next, fields);
  if (step === "training") next.trained = true;
  if (step === "bundle") next.has_bundle = true;
  if (MAY_PASS.includes(step)) next.passed = later(next.passed, step);
  if (step === "training") next.passed = later(next.passed, "stipend");
  return next;
}

// The visit once a step was left out.
export function passedBy(visit, step) {
  const passed = later(visit.passed, step);
  return { ...visit, passed, owed_minor: passed === "stipend" ? 0 : visit.owed_minor };
}

// The visit with what the server says was done besides. What was entered here stays entered.
export function caughtUp(visit, said) {
  const next = { ...visit, standing: said.standing ?? visit.standing, consented: said.consented ?? visit.consented };
  for (const each of ["screened", "tested", "interviewed", "trained", "served", "has_bundle"]) {
    next[each] = visit[each] || said[each] === true;
  }
  next.paid = said.paid === true && said.owed === false;
  if (next.paid) next.owed_minor = 0;
  if (next.standing === "mistaken") next.undone = visit.undone ?? new Date().toISOString();
  return next;
}

export function screening(fields) {
  return {
    age: fields.age ? Number(fields.age) : null,
    adultConfirmed: fields.adult === "yes",
    injectedRecently: { yes: true, no: false }[fields.injected] ?? null,
  };
}

function noteServices(visit, fields) {
  for (const [name, value] of Object.entries(fields)) {
    if (name === "request_id" || !Number(value)) continue;
    visit.given[name] = (visit.given[name] ?? 0) + Number(value);
    visit.served = true;
  }
}

function later(one, other) {
  return STEPS.indexOf(one) > STEPS.indexOf(other) ? one : other;
}
