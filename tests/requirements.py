"""What the product promises, one row a promise, and what holds each: a test, an open issue, or a refusal.

A row has exactly one of the three:

- `test=True`: at least one test carries `@pytest.mark.requirement("<id>")`;
- `owner=`: the issue that will build it, or, where no open issue names it, the title of the work it belongs to;
- `refused=`: why this promise will not be kept as written.

`tests/architecture/test_requirements.py` reads the marks off the test files and holds both directions. When you build
what a row promises, replace its owner by `test=True` and mark the test. Sections are those of the product page.
"""

from __future__ import annotations

from dataclasses import dataclass

CORE, SERVER, CLASSIFIER, CLAUDE_1, CLAUDE_2, CLIS = 3, 4, 5, 6, 7, 8
EDITORS = "later: the editors and the other hosts"
MEDIA = "later: media, files, pipelines and the remaining tools"
WIZARD = "later: wizard, dashboard, team and updates"
GATEWAY = "later: the gateway"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One promise."""

    section: str
    id: str
    sentence: str
    test: bool = False
    owner: int | str = ""
    refused: str = ""


def held(name: str, sentence: str) -> tuple[str, str, dict[str, object]]:
    return name, sentence, {"test": True}


def later(owner: int | str, name: str, sentence: str) -> tuple[str, str, dict[str, object]]:
    return name, sentence, {"owner": owner}


def refuse(name: str, sentence: str, why: str) -> tuple[str, str, dict[str, object]]:
    return name, sentence, {"refused": why}


ROWS = {
    "0 what it is": (
        held("routing.free-first", "Each prompt goes to the cheapest model that can do it well, free ones first."),
        held("core.no-key", "Everything works with no API key at all: a local model answers, or the demo does."),
        held("demo.pipeline", "The demo routes prompts through simulated providers end to end and leaves no state."),
        later(CORE, "core.figures-have-sources", "Every figure shown is a query over the ledger, with its n."),
        later(CORE, "core.paid-subscriptions-second", "What the user has already paid for comes before paid APIs."),
    ),
    "1 levers": (
        later(CLAUDE_1, "levers.never-negative", "No lever with a negative expected saving is ever pulled."),
        later(CLAUDE_1, "levers.inputs", "The lever weighs routability, output size, denials, cache, quota and mode."),
        later(CLAUDE_1, "levers.explain", "`explain --host` shows the arithmetic of the lever for any prompt."),
        later(CLAUDE_1, "levers.recorded", "Every lever decision is recorded with its estimate and its outcome."),
        later(CLAUDE_1, "levers.pass", "`pass` does nothing, and is what an unsure decision becomes."),
        later(CLAUDE_1, "levers.delegate", "`delegate` reaches the host's model as context naming a listed tool."),
        later(CLAUDE_1, "levers.delegate-ends-turn", "A delegated turn can end at the tool's result."),
        later(CLAUDE_2, "levers.answer", "`answer` costs no premium request for that turn."),
        later(CLAUDE_2, "levers.model-subagents", "`model` runs a subagent on a cheaper model in Claude Code."),
        later(CLIS, "levers.model-gemini", "`model` rewrites the model per request in Gemini CLI, subagents too."),
        later(CLIS, "levers.answer-gemini", "`answer` in Gemini CLI is a denied request with our reply, re-injected."),
        later(CLIS, "levers.answer-codex", "`answer` in Codex CLI is a block with context, off in `exec`."),
        later(EDITORS, "levers.opencode", "OpenCode: model per message and answer through an in-process provider."),
        later(EDITORS, "levers.copilot", "Copilot CLI: answer by `handled`, model by modified arguments."),
        later(EDITORS, "levers.vscode", "VS Code: no answer by block, because it hides the text."),
        later(EDITORS, "levers.editors-by-docs", "Cursor, Windsurf, Devin: rules and hooks as documented."),
        later(EDITORS, "levers.no-hooks", "Zed and Claude Desktop: tools and rules only."),
        later(GATEWAY, "levers.whole-turn", "A whole turn runs on a cheaper model through the gateway."),
        later(CLAUDE_1, "levers.capability-table", "A host's capabilities are a data table in its package."),
    ),
    "2 modes": (
        held("settings.profile", "`LLM_ROUTER_PROFILE` is budget, balanced or premium; balanced by default."),
        later(CLAUDE_1, "settings.enforce", "`LLM_ROUTER_ENFORCE` is smart, hard, soft or off; smart by default."),
        later(CLAUDE_2, "settings.answer", "`LLM_ROUTER_ANSWER` is off, ask or on; off until the user was asked."),
        later(CLAUDE_1, "settings.hint", "`LLM_ROUTER_HINT` is box or plain, the same stated as facts."),
        later(SERVER, "settings.tools", "`LLM_ROUTER_TOOLS` is core, standard or all; all when unset."),
        later(SERVER, "settings.directive-names-listed-tool", "A directive only names a tool that this host lists."),
        later(CORE, "settings.compress", "`LLM_ROUTER_COMPRESS_RESPONSE` compresses responses; off by default."),
        held("settings.keys-env", "Provider keys and endpoints are read from the vendors' own variables."),
        later(CORE, "settings.keys-keyring", "Keys live in the keyring; the environment wins over it."),
        held("settings.layers", "Argument, environment, file and default: the first that sets a value wins."),
        held("settings.bad-config", "A malformed setting stops with file, line, column and what to write."),
        later(CLAUDE_1, "user.plus-prefix", "A prompt that starts with `++ ` goes to the host's model untouched."),
        later(CLAUDE_1, "user.tilde-prefix", "A prompt that starts with `~~ ` goes to the router."),
        later(CLAUDE_2, "user.plus-alone", "`++` after a routed answer: the host answers, a bad rating is booked."),
        later(CLAUDE_2, "user.model-choice", "A user's explicit model choice is never exceeded or replaced."),
        later(CORE, "consent.third-party", "A third-party provider receives nothing before it was confirmed once."),
        later(CORE, "consent.env-key-is-offer", "A key in the environment alone is an offer, not a consent."),
        later(CLAUDE_1, "consent.wizard", "The wizard lists what it found; `--yes` confirms what it prints."),
        held("consent.data-classes", "Each provider has a data class: local, third party, or one that may train."),
        later(SERVER, "consent.model-only-tightens", "What a model can call may tighten, never loosen."),
        later(SERVER, "consent.approve", "Only `llm-router approve CODE` or an elicitation releases a held call."),
        later(MEDIA, "consent.setup-without-key", "`llm_setup` has no key parameter."),
        later(SERVER, "consent.true-annotations", "Tool annotations are true; routed tools are open-world."),
        later(CLAUDE_1, "zero-config.hooks", "With a subscription and nothing else, hooks classify, nothing fails."),
        later(CLAUDE_2, "zero-config.quota", "With a subscription and nothing else, quota is read."),
        later(SERVER, "zero-config.tools", "Tools work on whatever is reachable, without any key."),
    ),
    "3 classification": (
        held("classify.task-type", "Every prompt gets one of eight task types."),
        held("classify.complexity", "Every prompt gets one of four complexities."),
        held("classify.routability", "Every prompt is self-contained, or needs the host; unsure means the host."),
        held("classify.secret", "Every prompt is searched for secrets."),
        held("classify.confidence", "Each label comes with a confidence between 0 and 1."),
        later(CLASSIFIER, "classify.calibrated", "The confidences are calibrated."),
        held("classify.continuation", "`yes` and `go on` belong to the turn before."),
        later(CLASSIFIER, "classify.content-generation", "A text to be written to a file is told from an edit."),
        later(CLAUDE_1, "classify.decomposition-nudge", "The hook suggests generating first and editing second."),
        held("classify.offline", "It runs without a network and imports the standard library only."),
        held("classify.deterministic", "The same prompt gets the same labels."),
        held("classify.any-language", "Prompts in any language are classified without an exception."),
        held("classify.head-and-tail", "Long prompts are judged by head and tail, in bounded time."),
        later(CLASSIFIER, "classify.quality", "The labels are right as often as the classifier issue demands."),
        later(CLASSIFIER, "classify.abstains", "It abstains when unsure; under-routing is counted separately."),
        later(CORE, "classify.assisted", "An unsure label may be refined by a small local model, when allowed."),
        later(SERVER, "classify.corrections", "`llm_reroute` and `llm_rate` personalise it."),
        later(CLASSIFIER, "classify.personalised", "Corrections shift later labels, bounded and revocable."),
    ),
    "4 chains": (
        held("chains.simple", "The chain of simple prompts is the table's."),
        held("chains.moderate", "The chain of moderate prompts is the table's; Ollama where its context fits."),
        held("chains.complex", "The chain of complex prompts is the table's; Ollama where marked capable."),
        held("chains.deep-reasoning", "Deep reasoning goes to reasoning models at high effort."),
        later(CLAUDE_1, "chains.deep-reasoning-pass", "Inside Claude Code on such a model: `pass`."),
        held("chains.research-grounded", "Research goes to web-grounded models, or is refused clearly."),
        held("chains.research-needs-source", "An answer that was to search and names no source does not count."),
        held("chains.research-providers", "Web-grounded providers answer research with citations."),
        held("chains.media", "Media chains are data, one per profile."),
        later(MEDIA, "chains.media-providers", "Media providers answer."),
        held("dispatch.fallback", "A candidate that fails is followed by the next one."),
        held("chains.planned-reason", "What is missing is filtered with a reason that explain shows."),
        held("cli.explain", "`explain` shows the chain, and every dropped candidate with its reason."),
        held("chains.context-fit", "A candidate whose context is too short is dropped with that reason."),
        held("profiles.budget", "`budget`: one step lower for paid models, and Claude last."),
        held("profiles.balanced", "`balanced`: as the table."),
        held("profiles.premium", "`premium`: free only where marked capable, the strongest paid model first."),
        later(CLIS, "chains.prepaid-by-login", "Prepaid means a plan login; an API-key login is priced as API."),
        later(CLIS, "chains.own-quota", "A candidate on the asking host's own quota is dropped unless cheaper."),
        later(SERVER, "chains.hand-back", "An exhausted chain asked by a host answers `hand_back`."),
        held("chains.exhausted", "An exhausted chain says which candidate failed how."),
        held("chains.quality-mode", "`quality_mode` moves the chain one complexity up or down."),
        held("chains.min-model", "`min_model` clamps the chain from below."),
        held("chains.override", "A model asked for by name is the only candidate, and goes through all filters."),
        held("catalog.dated", "Models, prices, windows and capabilities are data with a date and a source."),
        held("money.unknown-price", "A model without a price row is `unknown price`, never zero."),
        held("providers.ollama", "Ollama answers over its native protocol."),
        held("ollama.truncation-is-failure", "A prompt that Ollama cut is a failure, not an answer."),
        held("providers.openai", "OpenAI answers over chat completions, streaming and not."),
        held("providers.anthropic", "Anthropic answers over messages, streaming and not."),
        held("providers.base-url", "Any OpenAI-compatible base URL becomes a provider."),
        held("providers.twenty", "Twenty and more text providers are reachable."),
        held("providers.smallest-call", "A key is proved by the smallest possible call, with a verdict in one word."),
        held("providers.local-servers", "LM Studio, llama.cpp and vLLM are found on loopback."),
        later(CLIS, "providers.cli", "Codex CLI, Gemini CLI and Claude CLI answer as sandboxed children."),
        later(MEDIA, "providers.media", "Seven media providers are reachable."),
        held("chains.order-of-constraints", "Policy, fit, health, budget: in this order, first reason shown."),
        held("privacy.secret-stays-local", "A prompt with a secret is never planned for a third party."),
        held("dispatch.breaker", "A model that failed is left alone by the next call."),
        held("dispatch.breaker-shared", "A breaker opened by one process keeps the others away."),
        later(CORE, "quota.pressure", "From 85 % a step down; from 99 % the account is out."),
        held("budget.filter-reason", "A candidate that no cap can pay for is dropped with that reason."),
        later(CORE, "judging.demotion", "A mean below 0.6 with enough samples demotes; a model recovers."),
        later(CORE, "memory.routes", "Corrections and ratings apply to the next route."),
        held("chains.thinking", "Deep reasoning uses extended thinking where the model has it."),
        later(CLAUDE_2, "chains.cache-loss", "A switch mid-conversation is weighed against the lost prompt cache."),
        held("dispatch.deadline", "A call ends within its deadline, whatever a provider does."),
        held("dispatch.partial-typed", "An answer that breaks off is typed partial, never complete."),
        held("dispatch.fault-table", "Every fault on every wire ends typed, in time, in bounded memory and booked."),
        held("dispatch.retry-after", "The last candidate is waited for as long as it says, within the deadline."),
        held("dispatch.retry-once", "A server error is tried once more, then the next candidate."),
        held("dispatch.cancel-settles", "Cancelling a call settles its hold."),
        held("dispatch.conversation", "Messages, images, tools and vendor extras survive the way to a provider."),
    ),
    "5 enforcement": (
        later(CLAUDE_1, "enforce.violation", "Bash, Read, Edit, Write for work directed elsewhere is a violation."),
        later(CLAUDE_1, "enforce.pending-route", "A delegate decision opens a pending route for session and turn."),
        later(CLAUDE_1, "enforce.box", "The route box is as wide as its frame by display width in every line."),
        later(CLAUDE_1, "enforce.box-facts", "The box names task, tool, origin and this decision's net estimate."),
        later(CLAUDE_1, "enforce.box-rules", "The box is followed by what not to do, WebSearch included."),
        later(CLAUDE_1, "enforce.nudges-open-nothing", "A decomposition nudge never opens a pending route."),
        later(CLAUDE_1, "enforce.smart-qa", "smart: Q&A tools are blocked at most twice a turn, then RELEASED."),
        later(CLAUDE_1, "enforce.smart-code", "smart: on code tasks reading passes, writing passes and is logged."),
        later(CLAUDE_1, "enforce.hard-qa", "hard: Q&A tools are blocked until routed."),
        later(CLAUDE_1, "enforce.hard-code", "hard: on code tasks writing is blocked until routed, reading passes."),
        later(CLAUDE_1, "enforce.soft", "soft: hint and log only."),
        later(CLAUDE_1, "enforce.off", "off: nothing."),
        later(CLAUDE_1, "enforce.always-allowed", "Our tools, search, other servers, plan and todo always pass."),
        later(CLAUDE_1, "enforce.no-pending-no-block", "Nothing is blocked without a pending route for this turn."),
        later(CLAUDE_1, "enforce.dead-server", "Nothing is blocked when the server cannot take the call."),
        later(CLAUDE_1, "enforce.expiry", "An expired pending route blocks nothing."),
        later(CLAUDE_1, "enforce.pause", "`pause` and the kill file release everything."),
        later(CLAUDE_1, "enforce.satisfied", "The routed call or one of its family ends the route, even failing."),
        later(CLAUDE_1, "enforce.status-tool", "A status tool does not satisfy the route."),
        later(CLAUDE_1, "enforce.loop", "The third block of one tool names the way out and is logged LOOP."),
        later(CLAUDE_1, "enforce.way-out", "From every reachable state some allowed action leads out."),
        later(CLAUDE_1, "enforce.log-line", "The violation line has the exact form; the log is rotated."),
        later(CLAUDE_1, "enforce.escalation", "From the third violation the escalation reaches the model."),
        later(CLAUDE_1, "enforce.analyze-script", "`scripts/analyze-violations.py` summarises the log."),
        later(CLAUDE_1, "enforce.cleanup-script", "`scripts/cleanup-hook-health.py` removes test-only errors."),
    ),
    "6 money": (
        held("money.integer", "Money is integer micro-dollars everywhere."),
        held("money.one-ledger", "There is one ledger, and its rows sum to what is shown as spent."),
        held("money.reserve-settle", "The worst case is held before a paid call and settled after it."),
        held("money.every-attempt-a-row", "Every attempt, retry and fallback is a row."),
        later(CORE, "money.judge-rows", "Judge and classifier calls are rows, on the same gate."),
        later(CORE, "money.cache-hit-rows", "A cache hit is a row."),
        held("money.lease", "A hold has a lease: a crash releases it."),
        held("money.caps", "Caps exist by session, project, day, month and provider."),
        held("money.caps-across-processes", "Caps hold across 64 concurrent processes."),
        held("money.kill-nine", "Caps and rows hold after `kill -9`."),
        held("budget.cap-refuses", "A cap stops every paid call, also one whose model was named."),
        held("budget.reserve-is-the-gate", "A cap that fills between plan and call is still held."),
        held("money.unpriced-ceiling", "An unknown price reserves the configured ceiling and is flagged."),
        held("ledger.unwritable-home", "A paid call that cannot be recorded is not made; free ones are."),
        held("ledger.cost-from-usage", "A paid answer costs what its usage says, in every scope."),
        held("money.usage-missing", "Usage that is missing or impossible is counted here, never taken as zero."),
        held("savings.estimate", "A saving shown is an estimate against a named baseline, negatives shown."),
        later(CORE, "savings.columns", "Savings stand in two columns, verified and estimated, minus overhead."),
        later(CORE, "savings.overhead", "Judge, retries, failed calls and extra host requests are overhead."),
        later(CORE, "savings.quota-points", "For a subscription the unit is quota points, not dollars."),
        later(CLAUDE_2, "savings.verified", "Verified means that the premium model measurably did not run."),
        later(CORE, "savings.baseline", "The baseline is what the user's host would have used; Opus is labelled."),
    ),
    "7 surfaces": (
        later(SERVER, "mcp.registry", "Tools have titles, annotations, typed parameters, structured results."),
        later(SERVER, "mcp.progress", "Long calls show progress and can be cancelled."),
        later(SERVER, "mcp.pinned", "The tools a directive names are pinned."),
        later(SERVER, "mcp.eras", "Both protocol eras pass the same tests."),
        later(CLAUDE_1, "hooks.claude", "Claude Code hooks work on the real program."),
        later(CLIS, "hooks.gemini", "Gemini CLI hooks work on the real program."),
        later(CLIS, "hooks.codex", "Codex CLI hooks work on the real program."),
        later(CLAUDE_2, "hooks.statusline-claude", "The Claude Code status line shows quota, spend and savings."),
        later(EDITORS, "hooks.statusline-copilot", "The Copilot CLI status line does the same."),
        later(CLAUDE_1, "hooks.session-start", "Session start shows quota and asks the server for Ollama."),
        later(CLAUDE_1, "hooks.ollama-start", "Ollama is brought up by the server, never in a hook, never pulled."),
        later(CLAUDE_2, "hooks.session-summary", "The session summary is shown once and by `last --session`."),
        held("receipt.one-line", "Every routed answer has a one-line receipt: model, why, cost, milliseconds."),
        later(CLAUDE_2, "receipt.undo", "The receipt says how to undo."),
        held("cli.route", "`llm-router route` answers a prompt, also from stdin."),
        held("cli.stream", "`--stream` prints the answer as it arrives."),
        held("cli.interrupt", "Ctrl-C ends a call, settles its hold and says so."),
        held("cli.big-prompt", "A prompt of ten megabytes is handled, not refused by accident."),
        held("classify.jsonl", "`llm-router classify` takes one prompt, or JSON lines."),
        held("cli.last", "`llm-router last` shows the latest decisions."),
        held("cli.budget", "`llm-router budget` lists, sets and removes caps."),
        held("cli.models", "`llm-router models` shows what can be used, with prices."),
        held("cli.json-envelope", "`--json` everywhere: one versioned envelope."),
        held("cli.exit-codes", "Exit codes mean something: not 0 where nothing was answered."),
        held("cli.version", "`--version` prints the version and imports neither server nor pydantic nor httpx2."),
        held("cli.bad-input", "Bad input ends without a traceback and with nothing half-written."),
        held("routing.no-provider", "With no provider at all: one paragraph with the quickest ways to get one."),
        later(CLAUDE_1, "cli.install", "`install`, `uninstall` and `doctor` over every host's plan."),
        later(CLAUDE_1, "cli.enforce", "`violations`, `hooks`, `enforce`, `pause` and `resume`."),
        later(CORE, "cli.settings", "`config`, `keys`, `profile`, `policy` and `memory`."),
        later(CORE, "cli.reports", "`status`, `usage`, `savings`, `gain`, `digest`, `replay` and `quota`."),
        later(CLAUDE_2, "cli.forecast", "`forecast`, `retrospect` and `snapshot`."),
        later(SERVER, "cli.mcp", "`mcp` and `approve`."),
        later(CORE, "cli.test", "`test` is a dry `route`."),
        later(WIZARD, "cli.dashboard", "`dashboard`, `team` and `update`."),
        later(WIZARD, "dashboard.page", "A local page with offline assets, tested in a real browser."),
        later(EDITORS, "install.editors", "`install` serves VS Code, Cursor, OpenCode, Windsurf, Devin, Zed, Copilot."),
        later(EDITORS, "install.claude-desktop", "`install` serves Claude Desktop and claw-code."),
        later(CORE, "traces.genai", "OpenTelemetry spans with GenAI attributes, metadata only."),
    ),
    "8 tools": (
        later(
            SERVER, "tools.routing", "llm_route, auto, classify, explain, stream, select_agent, reroute, rate, guard."
        ),
        later(SERVER, "tools.text", "llm_query, llm_research, llm_generate, llm_analyze, llm_code and llm_edit."),
        later(MEDIA, "tools.media", "llm_image, llm_video and llm_audio."),
        later(MEDIA, "tools.pipelines", "llm_orchestrate and llm_pipeline_templates."),
        later(CLIS, "tools.agents", "llm_codex and llm_gemini."),
        later(MEDIA, "tools.files", "llm_fs_find, llm_fs_rename, llm_fs_edit_many and llm_fs_analyze_context."),
        later(SERVER, "tools.admin", "usage, savings, budget, health, providers, spend, quota, quality, gain, digest."),
        later(MEDIA, "tools.admin-rest", "llm_dashboard, llm_check_usage, llm_hook_health and llm_retrospect."),
        later(SERVER, "tools.settings", "llm_policy, llm_set_profile and llm_approve_route."),
        later(MEDIA, "tools.settings-rest", "llm_setup, save_session, share_profile, import_profile and team_report."),
        later(SERVER, "tools.tiers", "core lists four tools, standard twelve."),
    ),
    "9 never": (
        held("never.print", "Only one module prints."),
        later(SERVER, "never.stdout-outside-protocol", "Nothing but frames on the server's stdout."),
        held("privacy.no-prompt-at-rest", "No text of a prompt or answer is found in the state folder."),
        held("security.key-not-in-url", "A key travels in a header, never in a URL or argument."),
        later(CORE, "security.key-canary", "Canary keys are found nowhere but in the chosen store."),
        later(CLAUDE_1, "security.key-not-in-host-config", "No key is written to a configuration file of a host."),
        later(MEDIA, "security.key-not-through-model", "No key passes through a model."),
        held("security.base-url", "A base URL is https, or loopback named by the user."),
        held("privacy.secret-not-sent", "A prompt that contains a secret reaches no third party."),
        later(CLAUDE_1, "never.touch-unparsable", "A user's file that cannot be parsed is not touched."),
        later(CLAUDE_1, "never.leftovers", "After uninstall nothing of ours is left; `--purge` removes the state."),
        later(CLAUDE_1, "never.block-when-broken", "A broken router never blocks the user."),
        later(CORE, "never.lossy-compression", "Compression loses no code, number or negation."),
        later(CLAUDE_1, "never.pull-without-consent", "No model is pulled without consent."),
        later(CLAUDE_2, "never.model-call-for-quota", "No model is called to read a quota."),
        held("never.claim-untested-host", "A host package that no test has run says that it is not there yet."),
        later(CLAUDE_2, "never.unreproducible-savings", "A savings figure is the output of one command."),
    ),
}

REQUIREMENTS = tuple(
    Requirement(section, name, sentence, **claim)  # type: ignore[arg-type]
    for section, rows in ROWS.items()
    for name, sentence, claim in rows
)
