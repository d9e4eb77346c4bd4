# ruff: noqa: RUF001 - Cyrillic and full-width letters are meant
"""The words the plain classifier knows, as data: a cue, then its phrases in lower case without accents, `|` between.

A trailing `*` makes the phrase a stem (any ending). Phrases have up to three words. Scripts written without spaces, or
with prefixes glued to the word (Chinese, Japanese, Korean, Hebrew), stand in `GLUED` and match anywhere in the text.
Sources: our own knowledge of the languages; nothing here is taken from a prompt set.
"""

POLITE = """
hello there|hi there|hey there|good evening|good afternoon|please|pls|plz|kindly|hey|hi|hello|yo|ok|okay|so|now|then
|also|just|quick|quickly|asap|thanks|thank|thx|you|sure|alright|guys|morning|good|dear|bitte|danke|hallo|hola|gracias
|porfa|por favor|bonjour|merci|salut|svp|sil vous plait|s il vous plait|stp|ola|obrigado|obrigada|ciao|grazie
|per favore|perfavore|privet|привет|спасибо|пожалуйста|alsjeblieft|graag|hoi|bedankt|prosze|czesc|dziekuje|can you
|could you|would you|will you|can u|could u|can we|could we|i want you to|i need you to|i would like you to|i want to
|i need to|i would like to|id like to|id like you to|i need|i want|help me to|help me|lets|let us|go ahead and|tell me
|i have a question|quick question|quick one|question|one more thing|when you have time|if possible|for me|kannst du
|konnen sie|konntest du|puedes|podrias|podria|me puedes|necesito|quiero|pouvez vous|peux tu|tu peux|pourrais tu|je veux
|je voudrais|jai besoin|voce pode|pode|puoi|potresti|vorrei|kun je|zou je|mozesz|czy mozesz|chcialbym|можешь|можете
|мне нужно|нужно|помоги мне|помогите|real quick|a quick|small favor|hmm|um|uh|btw|fyi|anyway|could u please|can i get
|i d like|one question|a question|small question|tiny question|just a|pour favor|mil gracias|very much|so much|a lot
|in advance|cheers|dzieki|danke schon|show me
"""

CUES = """
ask = what is|whats|what are|what does|what do|what did|how do|how does|how to|how can|how many|how much|how is|how are
|explain*|define|definition|difference between|differences between|diff between|diff btw|meaning of|eli5|when do
|remind me|wat is|walk me through|teach|describe|was ist|was sind|was bedeutet|wie|erklar*|unterschied*|wofur|que es
|que son|que significa|explica*|diferencia*|para que sirve|quest ce|cest quoi|expliqu*|difference|o que|explique|cosa
|che cos*|spiega*|differenza|leg uit|verschil|co to|czym*|wyjasn*|wytlumacz*|roznic*|объясн*|чем|разниц*|зачем|convert
|whats the|syntax for|syntax of|purpose of|what port|default port|stands for|stand for|how would you|how do you
|in general|what happens when|cuanto|cuantos|wat betekent|was macht|was heisst|quest|quest-ce|a quoi sert|que hace
|que fait|o que e|che cosa e|wat doet|co robi|что такое|что делает|co oznacza|why is it called|tell me about|overview
|examples of|example of|whats a|whats an|cheatsheet
why = why|how come|warum|wieso|weshalb|por que|porque|pourquoi|perche|waarom|dlaczego|czemu|почему|отчего
fresh = latest|newest|most recent|recent|recently|current version|current price|current pricing|currently|today|as of
|these days|nowadays|news|pricing|prices|price of|cve|cves|vuln*|eol|end of life|release date|with links|links|cite
|citations|papers|literature|survey|benchmarks|look up|search the web|search for|search online|find recent|state of
|state of the art|competitor*|vendors|still maintained|still supported|known regression|known issue|issue tracker
|roadmap|announced|this year|this month|this week|last year|2024|2025|2026|2027|who won|stock|exchange rate|weather
|aktuell*|neueste*|neuesten|quellen|recherchier*|preise|ultima version|ultimas|ultimo|mas reciente|reciente*|noticias
|investiga|precios|actual|fuentes|derniere|dernier|dernieres|recent*|actualites|prix|versao mais recente|mais recente
|pesquis*|precos|piu recente|notizie|prezzi|nieuwste|laatste|prijzen|najnowsz*|aktualn*|ceny|последн*|новост*|актуальн*
|свеж*|цены|latest version|latest stable|cite sources|with sources|sources please|reddit|lately|rate limit|who owns
|best practices in|announce|conference|what changed|official docs|competitive report|competitive|funding|competitors
|market share|case studies|recent benchmarks|any new|regression in|released yet|be released|deprecated yet
|open source alternatives|state of the|web search|latest changes|latest news|news about|studies|the web|salary|salaries
|companies use|tarifs|sorti|est sortie|ya salio|veroffentlicht|erschienen|recherchiere|wyszlo|wyszla|вышел|вышла
|research the|research on|busca en|recherche des|sources|market|alternatives|free tier|tier
prose_n = email|e mail|emails|mail|readme|changelog|changelog entry|release note|release notes|commit message
|commit msg|pr description|pr title|pull request description|docstring|docstrings|documentation|docs|blog|blog post
|article|essay|story|poem|haiku|tweet|announcement|letter|paragraph|bio|proposal|rfc|adr|postmortem|post mortem|minutes
|names|name for|slogan|tagline|headline|outline|agenda|job description|faq|runbook|wiki|tutorial|speech|slack message
|linkedin|newsletter|press release|cover letter|summary|tl dr|tldr|bullet points|bullets|interview questions|user story
|user stories|persona|caption|privacy policy|cheat sheet|onboarding|code comments|jsdoc|api docs|memo|report|dialogue
|joke|invitation|status update|nachricht|brief|dokumentation|zusammenfassung|ubersetzung|correo*|mensaje|carta|resumen
|documentacion|traduccion|courriel|lettre|resume|compte rendu|mensagem|documentacao|resumo|messaggio|lettera|riassunto
|documentazione|bericht|samenvatting|wiadomosc|streszczenie|dokumentacj*|письм*|сообщени*|документаци*|статью|текст
|описани*|резюме|название|названия|message|guide|title for|titles for|description|ideas|list of ideas
|acceptance criteria|handbook|whitepaper|sentence|grammar|wording|taglines|slogans|notes|comment|article series
|executive summary|sections|words|paragraphs|blogartikel|artikel|articulo|artigo|articolo|artykul|стать*
|meeting summary|in bullets|acceptance|document|reply|talking points|section|requirements
prose_v = summari*|summary of|translat*|rephrase|paraphrase|proofread|brainstorm|draft|reword|shorten this|condense
|write up|tl dr|tldr|announce|ubersetz*|zusammenfass*|fasse|fass|formulier*|verfass*|entwirf|traduc*|traduz*|traduis*
|resum*|redact*|redig*|resumer|reescrib*|redij*|traduci|tradurre|riassum*|vertaal|vertalen|samenvat*|przetlumacz
|tlumacz*|stresc|podsumuj|перевед*|перевод*|резюмир*|сократи|кратко излож*|перескаж*|shorter|fix the grammar
|correct the grammar|make this sentence|turn these notes|turn this into a tweet|improve the wording|write a poem
|update the docs|update the readme|write docs|write documentation|rewrite this paragraph|rewrite this text
|rewrite the intro|rewrite the paragraph|polish this|document the|document this|document all|document|translate this
|write an article
judge = review|analyze|analyse|analysis|analyz*|compar*|evaluate|assess|audit|diagnos*|investigat*|root cause
|pros and cons|trade off|trade offs|tradeoff*|should i|should we|is it better|best way|which is better|whats wrong
|what is wrong|wrong with|prove|proof|disprove|derive|estimate|bottleneck*|threat model|do you think|your opinion
|opinion|is this safe|is it safe|is it ok|safe to|good idea|recommend*|critique|critical*|judge|justify|suspicious
|figure out why|find out why|vs|versus|good fit|good fit for|architecture|decide|feasib*|what would break|impact
|consequences|code smell*|vulnerab*|security issues|plausible|hypothes*|diverge*|what happens if|prioriti*|bewert*
|vergleich*|analysier*|beweis*|beurteil*|lohnt|sollte ich|sollten wir|untersuch*|analiz*|compara*|evalua*|conviene
|deberia*|vale la pena|demuestra|que opinas|analis*|evalu*|faut il|vaut il|devrais|demontr*|quen penses|devo|devemos
|vale a pena|conven*|confront*|valut*|dovrei|rivedi|dimostra|vergelijk*|beoordeel*|bewijs|porown*|ocen*|przeanaliz*
|czy warto|udowodnij|сравн*|проанализ*|оцен*|докаж*|стоит ли|анализ*|ревью|плюсы|list likely causes|likely causes
|go wrong|is faster|which is faster|faster|duplicated code|how would you|is this ok|this ok|is it good|restructure
|what is the reason|whats the reason|reason|causes|cause|risks|better|slow|hangs|hang|fails|failing|why does this fail
|too slow|feedback|smells|explain why|design the architecture|migration strategy|strategy|effort|prufe|pruf*|verifie
|revisa|revisar|sprawdz|проверь|review this|bug in this|look for bugs|find bugs|any bugs|what do you think|thoughts on
|thoughts|leak|regressed|doubled|spike|spikes|anti pattern|bad practice|overkill|scale|fallos|lohnt sich
design = design|plan|plan for|architect|entwirf|entwurf|plane|disena*|plan de|concois|conception|projete|progetta*
|ontwerp|zaprojektuj|спроектир*|план
code_v = add|fix|implement*|refactor*|rename|remove|delete|update|upgrade|migrate|install|run|commit|push|deploy|merge
|revert|rebase|bump|replace|move|extract|split|optimi*|scaffold|set up|setup|configure|format|lint|wire|hook up|drop
|enable|disable|change|parse|scrape|validate|debug|solve|resolve|integrate|clean up|cleanup|convert|inline|undo|stage
|checkout|restart|make sure|ensure|simplif*|get rid|switch|increase|decrease|correct|patch|sort|align|hide|expose
|bundle|compile|mock|stub|seed|connect|find all|grep|rotate|squash|cherry pick|tag|extend|append|insert|modify|adjust
|tweak|redirect|rework|apply|fuge|fug|hinzu|implementier*|behebe|beheb|reparier*|korrigier*|entfern*|losch*|andere
|umbenenn*|benenne|aktualisier*|bau|starte|fuhre|refaktorier*|ersetze|verschieb*|anade|agrega*|arregla*|corrige*
|corregir|implementa*|elimina*|borra|renombra*|actualiza*|ejecuta*|cambia*|mueve|configura*|refactoriza*|instala*
|despliega*|ajout*|corrig*|supprim*|renomm*|execut*|lance*|rempla*|modifi*|installe*|deplac*|mets|adicion*|corrij*
|remov*|renome*|mude|rode|conserte|aggiung*|correggi|implementar*|rimuov*|rinomin*|aggiorna*|esegui|sostitui*|cambi
|voeg|repareer|verwijder|hernoem|bouw|werk|voer|dodaj|napraw*|popraw*|zaimplementuj|usun*|zmien*|zaktualizuj|uruchom
|przenies|добав*|исправ*|почин*|реализ*|удал*|переименуй*|обнов*|запусти*|измени|поменя*|замени*|перенес*|настро*
|отрефактор*|implement|wire up|hook it up|tidy|dockerize|containerize|vectorize|memoize|parametrize|rewrite in
|port this|port it|port the|convert this|turn this into|write tests|write a test|write unit tests|make it|make the
|test it|test the|paginate|sanitize|escape|list all files|list files|show files|find files|search the code|add tests
|swap|reorder|regenerate|reformat|ersetz*|mach|arreglar|repare*|repar*|rewrite|handle|redesign|handle the case|set the
|support for|ordne|anadir|poner|pon|arreglame|rediseno
code_n = function|functions|script|class|method|component|endpoint|endpoints|regex|regexp|sql|dockerfile|docker compose
|test|tests|unit test|unit tests|button|bug|bugs|module|hook|migration|schema|yaml|json|config|workflow|github action
|cli|app|application|program|one liner|oneliner|command|decorator|css|html|svg|mermaid|helm|terraform|manifest
|typescript|python|rust|golang|javascript|bash|java|kotlin|swift|swiftui|react|vue|django|flask|fastapi|website|webpage
|web page|landing page|parser|algorithm|crud|middleware|pipeline|makefile|cron job|crontab|widget|modal|dropdown|navbar
|footer|sidebar|dark mode|login|auth|validation|type errors|type hints|typing|codebase|branches|dependency|dependencies
|imports|callers|plugin|extension|bot|solver|simulator|nginx|nginx config|k8s|kubernetes manifest|snippet|variable
|struct|interface|trait|enum|fixture|benchmark|linter|eslint|prettier|ffmpeg|powershell|awk|sed|jq|pandas|numpy|docker
|compose file|stored procedure|async|funktion|skript|klasse|komponente|abfrage|fehler|funcion|clase|componente|consulta
|prueba*|pagina|boton|fonction|classe|composant|requete|bouton|funcao|teste*|botao|funzione|pulsante|functie|knop
|funkcj*|skrypt|klas*|komponent*|zapytani*|testy|przycisk|функци*|скрипт*|класс*|компонент*|запрос*|тест*|кнопк*|баг*
|ошибк*|код|метод*|эндпоинт*|программ*|query that|sql query|form|game|client|library|types|page|tables|table
|cron expression|expression|macro|stylesheet|tailwind|postgres|diagram|mermaid diagram|o n|single file|full stack
|app with|typescript types|env|dotenv|unit|stack
op = run|commit|push|install|deploy|merge|revert|bump|start|restart|rebase|checkout|git status|open|list|ls|cat|rename
|remove|delete|move|undo|format|lint|typo|uncommit|stash|kill|ejecuta*|lance*|fuhre|starte|запусти*|uruchom|esegui|rode
|renombra*|renomm*|renome*|umbenenn*|benenne|переимену*|zmien nazwe|rinomin*|hernoem|borra|losche
make = write|create|generate|make|give me|build|produce|compose|design|draw|paint|render|sketch|illustrate|come up with
|suggest|propose|prepare|need|provide|schreib*|erstell*|erzeug*|generier*|mach|zeichne|entwirf|gib mir|escrib*|crea
|crear|haz|genera*|dibuja|dame|ecri*|cre*|genere*|fais|dessine*|donne moi|redig*|escrev*|crie|criar|gere|gerar|faca
|desenhe|scriv*|fai|disegna|dammi|schrijf|maak|genereer|teken|napisz|stworz|utworz|wygeneruj|narysuj|zrob|напиш*|созда*
|сгенерир*|нарису*|сделай|придума*|состав*
image_n = picture|pictures|illustration*|photos|drawing|wallpaper|poster|sprite|sprites|dall e|dalle|midjourney
|stable diffusion|painting|infographic|mascot|thumbnail|portrait|photorealistic|watercolor|oil painting|pixel art
|sticker|stickers|artwork|imagen 3|concept art|coloring page|isometric|line art|flat design|moodboard|bild|bilder
|zeichnung|plakat|hintergrundbild|imagen|imagenes|dibujo|ilustracion|cartel|icono|dessin|affiche|icone|imagem|desenho
|ilustracao|immagine|disegno|illustrazione|afbeelding|tekening|plaatje|obraz*|rysunek|ilustracj*|grafik*|картин*
|изображени*|логотип*|рисунок|нарисуй*|иллюстраци*|иконк*|постер*|фото|hero image|cover art|album cover|art deco
|low poly|3d render|highly detailed|8k|minimalist|minimalist logo|icon of|image of|picture of|photo of
|oil painting style|render of|in the style of|image|images|icon|icons|logo|logos|banner|avatar|photo|foto
image_v = draw|paint|sketch|illustrate|zeichne|male|dibuja|dessine*|desenhe|disegna|teken|narysuj|нарису*
video_n = video|videos|clip|animation|animate|trailer|sora|veo|veo 3|timelapse|time lapse|footage|cinematic
|text to video|image to video|explainer video|teaser|intro video|screencast|storyboard|animier*|trickfilm|kurzfilm
|anima|animacion|pelicula|bande annonce|animacao|animazione|filmato|filmpje|animatie|filmik|animacj*|видео*|ролик*
|анимаци*|трейлер*|клип*|animated|second clip|second video|loopable|into video|captions
audio_n = audio|voice over|voiceover|tts|text to speech|speech to text|song|jingle|sound effect|sound effects|narration
|narrate|transcribe|transcription|podcast|music|melody|read aloud|soundtrack|lullaby|lo fi|lofi|ringtone|sing
|elevenlabs|suno|instrumental|ambient|audiobook|sfx|vorlesen|klang|stimme|musik|gesprochen*|transkribier*|cancion
|musica|sonido|voz alta|locucion|transcrib*|chanson|musique|bruitage|transcri*|cancao|narracao|leia|canzone|suono|leggi
|melodia|liedje|muziek|geluid|lees|piosenk*|muzyk*|dzwiek|przeczytaj|песн*|музык*|звук*|озвуч*|аудио*|голос*|прочита*
|расшифр*|mp3|wav|aloud|read this aloud|out loud|background music|ambience|spoken|jingles|subtitles from|narrate this
|sound of|voice|speech|female voice|male voice|sounds
local = our|ours|my project|my repo|my code|my app|my branch|my changes|my file|this repo|this repository|this project
|this codebase|the codebase|the repo|the repository|the project|this file|this directory|this folder|this branch
|this pr|this module|this function|this class|this component|this page|this app|this service|the tests|the test
|the build|the diff|the branch|the app|the code|in here|we have|we use|we just|are we|do we|we are|we re|did we|did you
|you just|you did|you made|attached|the attached|the above|above|previous|earlier|everywhere|all files|the file|staged
|unstaged|working tree|uncommitted|current directory|last commit|the logs|the log|localhost|this error|this issue
|the rest|this|the server|the database|the db|the frontend|the backend|the page|the ui|open file|my|we|us|workspace
|unser*|mein*|dieses projekt|diese datei|im projekt|projekt|dieser code|nuestro*|nuestra*|mi proyecto|este proyecto
|este archivo|este repo|del proyecto|el proyecto|notre|mon projet|ce projet|ce fichier|le projet|ce depot|cette|nosso
|nossa|meu projeto|este arquivo|esta|este|meu|minha|nostro|nostra|mio|mia|questa|quest*|onze|mijn|deze|nasz*|moj*|tego
|tej|наш*|мой|моем|моего|этот|этом|этого|эту|эта|проект*|репозитори*|файл*|here|it|aqui|qui|hier|ici|in this|of this
|my machine|my laptop|my local|implemented here|open pr|open issue|new feature|last night|yesterday|last week|seems
|broken|doesnt work|not working|screenshot|selected|selection|the cli|the sidebar|the footer|the header|the login
|the spinner|the button|the cache|the job|the importer|the worker|the config|the schema|the migration|the pipeline
|the deploy|the function|the class|the module|the component|the script|the endpoint|the user|the users|the bug
|the issue|the error|the feature|the plan|the task|the list|the output|the result|the results|the change|the changes
|the files|the folder|the dashboard|the menu|the table|the model|your|you said
deep = prove|proof|disprove|derive|derivation|tight bound|tightest|upper bound|lower bound|competitive ratio|impossib*
|lineariz*|serializab*|byzantin*|np hard|np complete|ptas|optimality|invariant*|formally|convergen*|closed form
|counterexample|interleaving*|lock free|wait free|crdt|raft|paxos|consensus|exactly once|first principles|theorem|lemma
|posterior|asymptotic*|amortized|undecidab*|terminates|soundness|formal proof|tla|happens before|memory model
|memory ordering|aba problem|zero knowledge|cryptanaly*|side channel|worst case complexity|approximation algorithm
|approximation ratio|complexity class|reduction from|fixpoint|livelock|deadlock free|fencing|safety property|liveness
|beweis*|demuestra|demostrar|demontr*|prouve|prove que|demonstre|dimostra|bewijs|udowodnij|докаж*|доказ*|correctness
|o log n|o n|o 1|optimal|probabilit*|wahrscheinlichkeit|bound|monotonic|unbounded|expected number|convergent|guarantees
|prove it|prove or|both directions|algorithm|unmoglich*|komplexitat|complexity of|cota|borne|sat solver|attacks
|optimal order|provably
big = whole|entire|migration plan|multi tenant|redesign|end to end|under load|intermittent*|rfc|threat model
|multi region|failover|phases|all callers|all services|full stack|synthesize|synthesise|roadmap|zero downtime
|trade offs|tradeoffs|event sourcing|microservice*|monorepo|scalab*|race condition|flaky|memory leak|oom|from scratch
|production ready|compliance|per tenant|shard*|replicat*|eventual*|idempoten*|throughout|thorough*|in depth
|comprehensive|competitive|arquitectura|analisis completo|todo el|fases|gesamte*|komplett*|vollstandig*|architektur
|complet*|arquitetura|architettura|architectuur|calego|architektur*|весь|всю|полный|полностью|архитектур*|root cause
|migrate|refactor the|architecture|distributed|survey of|literature|update all|whole app|whatever|downtime|no downtime
|migration strategy|handbook|whitepaper|from first|multi tenancy|intermittently|operations|synthesi*|competitive report
|microservices|and tests|investigate|in production|intermittent|sometimes|doubled|market analysis|survey|citations
|find out why|figure out|conflict resolution|offline|storage|persistence|all usages|and all its|explainer video|trailer
|system design|scale to|enterprise|plan de migracion|arquitectura de
small = typo|rename|bump|one line|one liner|oneliner|one word|one sentence|one paragraph|tiny|regex|commit message
|commit msg|title|tweet|slogan|tagline|haiku|joke|convert|bio|sort|undo|eol|whats|define|definition|stand for
|meaning of|bullets|two sentences|translate|ubersetz*|traduc*|traduz*|переведи|kurz*|corto|corta|court*|curto|breve
|kort*|krotk*|коротк*|sound effect|icon|picture|sql|command|hello world|how many|names|short|run|commit|push|install
|print|summar*|quick answer|function|funcion|funktion|fonction|funzione|funcao|funkcj*|функци*|set the|color|colour
|farbe|expression|enum|poem|name|verbose|mermaid diagram|nginx config|unit test|sketch
mid = how does|explain*|in detail|with examples|compare|when would|when should|component|implement*|dockerfile|tests
|feature|endpoint|benchmarks|documentation|postmortem|workflow|manifest|validation|video|song|narration|poster
|infographic|design|blog|guide|tutorial|proposal|article|report|essay|middleware|hook|and why|internally|works
|under the hood|in depth|which when|pros and cons|blogartikel|artikel|handbook|interview questions|onboarding|users
|main concepts|concepts|walk me through|i dont understand|talk to|understand|explain like|people|announce
|best practices|recommend|security rules|analogies
follow = yes|yep|yeah|yup|y|nope|n|ok|okay|sure|continue|go on|go ahead|proceed|do it|do that|keep going|carry on|retry
|try again|same for|the other one|the first one|the second one|option a|option b|both|neither|looks good|lgtm|ship it
|sounds good|make it shorter|shorter|longer|more detail|undo that|revert that|not that|what about|how about|and in
|also for|now do|the same|correct|right|agreed|approved|nevermind|never mind|what next|whats next|ja|nein|weiter
|mach weiter|mach das|genau|passt|si|hazlo|sigue|continua|adelante|dale|de acuerdo|otra vez|oui|non|vas y|daccord
|encore|sim|nao|faz isso|pode fazer|va bene|fallo|procedi|avanti|ga door|doe maar|doe het|nee|tak|nie|dalej|kontynuuj
|zrob to|да|нет|давай|продолжай|дальше|сделай это|хорошо|ага|ладно|no|again|same|and now|now in|now for|do that for
|all of them|the last one|option|still failing|still broken|still|next|more|exactly|perfect|instead|go|all|both of them
|otra|noch mal|nochmal|weiter so|also|merge it|do this|do these|those|what|why|and why|and|now|use that|too|one|ones
|first|second|third|two|1|2|3|a|b|it|that|in|for|the|of|them|to|is|was|not|did|i|you|good|yet|ahead|on|keep|mean|hmm
|huh|wait|please|like|said|other|thats|dont|didnt|work|thing|way|version|we|can|be|with|this|my|your|its|im|lets|do
|done|then|new|old|any
inter = which|who|when|does|is|are|can|what|how|wer|como|cual|cuales|cuando|comment|quel|quelle|quelles|quand|qual
|quais|quando|quale|quali|wat|hoe|welke|jak|jaki|jakie|kiedy|что|как|какой|какая|какие|когда|welche|welcher|welches|wie
|est ce|mean|means|when should|when would|understand|do|has|have|had|did|was|were|will|would|should|any|czy|est|sind
|gibt|hay|ist|e possivel|how come
where = where|which file|what file|which files|in which|which function|which class|which module|where is|where are
|where do|wo|waar|donde|onde|dove|ou est|ou sont|ou se|dans quel|en que archivo|gdzie|w ktorym|где|в каком|what version
|which version|name of the|are we|implemented|configured|defined|env var|how many lines|how many files|who wrote
|who changed|in welcher|quel fichier|que archivo|konfiguriert|definiert|configurado|definido
doc_n = readme|docs|documentation|docstring|docstrings|changelog|release notes|release note|comment|comments
|commit message|commit msg|pr description|tutorial|handbook|whitepaper|faq|blog|article|email|tweet|dokumentation
|documentacion|documentacao|documentazione|dokumentacj*|документаци*|letter|report|acceptance criteria|user story
|status update|summary|meeting summary|grammar|sentence|wording|taglines|names|slogans|ideas|notes|essay|blogartikel
|postmortem|rfc|proposal|rollout plan|runbook|announcement|press release|meeting notes|minutes|description|correo
|courriel|письмо|bio|poem|story|slack message|job posting|cover letter|newsletter|document|reply|agenda|talking points
|interview questions|section|jsdoc|artikel|articulo|artigo|articolo|requirements document|product requirements|thread
|transcript
solo_n = function|script|regex|regexp|sql|query|one liner|oneliner|command|dockerfile|program|algorithm|manifest
|nginx config|cron expression|snippet|class|enum|decorator|bash|python|rust|go|golang|java|kotlin|swift|typescript
|javascript|c|php|ruby|scala|elixir|lua|haskell|perl|powershell|awk|sed|jq|ffmpeg|mermaid|svg|yaml|terraform|helm|k8s
|kubernetes|github action|docker compose|from scratch|single file|unit test|pytest|component|swiftui|react component
|funcion|funktion|fonction|funcao|funzione|funkcj*|функци*|skript|skrypt|скрипт*|expression|bash skript|postgres|html
|css|makefile|solver|game|crud|r|parser|client|library
fixit = fix it|fix pls|please fix|and fix|fix that|fix this|fix them|give code|with code|and code|in code|code it
|arreglalo|beheb es|corrige le|corrigela|fix|corrigelo|repariere es|napraw to|исправь|write the code|behebe es|fixen
|correggilo|conserta
assent = yes|yep|yeah|yup|y|no|nope|n|ok|okay|sure|continue|go on|go ahead|proceed|do it|do that|keep going|carry on
|retry|try again|again|same|same for|the other one|the first|the second|the last one|option|both|neither|perfect
|looks good|lgtm|ship it|sounds good|make it shorter|shorter|undo that|revert that|not that|instead|what about
|how about|and in|and for|also for|now for|now in|do the|do the same|exactly|agreed|approved|nevermind|never mind
|what next|whats next|and now|all of|still|still failing|still broken|i did|that didnt|didnt work|why|and why|next
|use that|do this|go with|lets do|lets go|merge it|k|more|and|ja|nein|weiter|mach weiter|mach das|genau|si|hazlo|sigue
|continua|adelante|dale|oui|non|vas y|daccord|encore|sim|nao|faz isso|pode|va bene|procedi|avanti|ga door|doe|nee|tak
|nie|dalej|kontynuuj|zrob to|да|нет|давай|продолжай|дальше|сделай это|хорошо|ага|ладно|еще раз|hmm|what do you|huh
|not yet|never mind that|wait|thats wrong|thats not|ok but|yes but|yes and|yes please|no dont|no not|as i said
|like i said|lets
"""

GLUED = """
ask = 什么是|是什么|解释|区别|什么意思|说明|とは|説明|違い|教えて|何ですか|なに|무엇|뭐|설명|차이|הסבר|ההבדל|מה זה|מהו
|מהי|מה ההבדל|干什么|做什么|有什么区别|これは何|何の|이 뭐|란 무엇|使い方|어떻게 동작|仕組み|作用|用来
why = 为什么|为何|なぜ|どうして|왜|למה|מדוע
fresh = 最新|最近|新闻|价格|当前版本|调研|搜索|查找|查一下|什么时候停止|調べて|ニュース|価格|検索|최신|최근|뉴스|가격
|검색|조사|העדכני|האחרונ|חדשות|מחירים|חפש|עדכנ|竞争对手|市场|收集|发布了|新特性|出来了|来源|推荐资料|リリース|出典
|最近の|신규|출시|출처|市場|競合|פורסם|מקורות|יצא
prose_v = 翻译|总结|概括|润色|改写|摘要|翻訳|要約|まとめて|번역|요약|תרגם|תרגמ|סכם|תסכם|לתרגם|לסכם|נסח|起草|写一封
|写一份|拟|草稿|メールを書|써줘|작성해
prose_n = 邮件|文档|公告|文章|提交信息|提交说明|更新日志|名字|故事|诗|メール|ドキュメント|コミットメッセージ|記事
|お知らせ|이메일|메일|문서|커밋 메시지|글|공지|מייל|מכתב|תיעוד|מאמר|הודעה|הודעת|סיכום|שמות|パラグラフ
judge = 比较|分析|评估|审查|检查|哪个更好|有什么问题|证明|优缺点|是否应该|应该用|合适吗|泄漏吗|原因|比較|評価|レビュー
|証明|べき|비교|분석|평가|검토|리뷰|증명|장단점|원인|השווה|השוו|נתח|תנתח|בדוק|תבדוק|הערך|הוכח|סקור|כדאי|עדיף|איטי
|有问题吗|好吗|是否|妥当|問題は|問題が|遅い|느린|문제가|괜찮|לא עובד|למה אני מקבל|בעיה
code_v = 实现|修复|添加|增加|删除|重构|重命名|修改|更新|运行|部署|提交|升级|改成|実装|修正|追加|削除|リファクタ|変更
|直して|実行|구현|수정|추가|삭제|리팩터|변경|실행|고쳐|배포|תקן|הוסף|תוסיף|מחק|שנה|עדכן|הרץ|תריץ|ממש|שכתב|בנה|העבר|改为
|优化|编写测试|跑一下|変えて|直し|バグを|移行して|바꿔|바꾸|옮겨|שפר|הסר|החלף|תשנה|תמחק
code_n = 函数|脚本|代码|接口|组件|正则|测试|查询|页面|按钮|数据库|関数|スクリプト|コード|クラス|コンポーネント|テスト
|正規表現|함수|스크립트|코드|컴포넌트|테스트|클래스|버그|פונקציה|סקריפט|קוד|רכיב|בדיקות|שאילתה|באג|מחלקה|כפתור|דף
make = 写|生成|创建|制作|画|设计|起草|朗读|書いて|作って|作成|描いて|써|작성|만들|생성|그려|כתוב|צור|תכתוב|צייר|הכן
|תיצור|תן לי
image_n = 图片|图像|画一|插画|海报|图标|标志|照片|壁纸|画像|イラスト|ロゴ|アイコン|写真|絵|ポスター|이미지|그림|로고
|아이콘|사진|포스터|일러스트|תמונה|תמונת|ציור|לוגו|אייקון|איור|צייר|פוסטר
video_n = 视频|动画|短片|影片|動画|アニメーション|ビデオ|동영상|영상|비디오|애니메이션|סרטון|וידאו|אנימציה|סרט
audio_n = 音频|语音|朗读|歌曲|音乐|配音|音效|一首歌|音声|音楽|曲を|ナレーション|読み上げ|効果音|오디오|음성|노래|음악
|내레이션|효과음|읽어|שיר|מוזיקה|קריינות|הקלטה|אודיו|צליל|הקרא|דיבור
local = 我们|这个项目|项目|仓库|本项目|代码库|这个文件|私たち|このプロジェクト|プロジェクト|リポジトリ|このファイル
|うちの|우리|이 프로젝트|프로젝트|저장소|이 파일|שלנו|הפרויקט|הריפו|הקובץ|הזה|הזאת|שלי|בקוד|これ|このコード|이 코드
|הבאג|שרת שלנו|사이트
deep = 证明|推导|不可能|拜占庭|证|証明|導出|증명|유도|הוכח|הוכיחו|חסם|正确性|下界|复杂度
big = 架构|整个|完整|全部|迁移|分布式|アーキテクチャ|全体|移行|分散|아키텍처|전체|마이그레이션|분산|ארכיטקטורה
|כל המערכת|הגירה|מבוזר|找出|微服务
mid = 详细|为什么|例子|比较|説明|比較|例|설명|비교|이유|הסבר|השווה|דוגמה|文章|記事|仕組み|工作原理|原理|どちら|מאמר
|תיעוד
small = 是什么|简短|一句话|翻译|とは|短い|短く|一言|간단|짧|קצר|קצרה|מה זה|个名字|関数|函数|함수|פונקציה|メール|邮件
follow = 好的|继续|是的|可以|对|下一步|はい|続けて|お願いします|次|いいえ|네|계속|좋아|그래|다음|כן|תמשיך|המשך|לא|בסדר
|תעשה את זה|קדימה|再来|再试|不对|同样|行|もう一度|それで|다시|응|아니|שוב|עוד|אוקיי|מעולה|第一个|第二个
where = 哪里|在哪|哪个文件|どこ|どのファイル|어디|어느 파일|איפה|היכן|באיזה קובץ
inter = 怎么|如何|どう|어떻게|איך|מה|吗|ですか|か？|나요|까요|האם
doc_n = 文档|邮件|报告|ドキュメント|メール|報告|문서|이메일|보고서|תיעוד|מייל|דוח|注释|コメント|주석|README|מאמר|博客
|文章|記事|ブログ|블로그|글을
solo_n = 函数|脚本|正则|関数|スクリプト|함수|스크립트|פונקציה|סקריפט|正規表現|정규식|בפייתון|SQL
fixit = 修复|修一下|直して|修正して|고쳐|תקן
"""


class Tables:
    """The phrases above in the shape the counter wants."""

    __slots__ = ("assent", "fixes", "follow", "glued", "phrases", "polite", "stems", "words")

    def __init__(self) -> None:
        cues = parse(CUES)
        self.polite = frozenset(POLITE.replace("\n", "").split("|"))
        self.phrases: dict[str, tuple[str, ...]] = {}
        self.stems: dict[str, tuple[str, ...]] = {}
        self.glued = parse(GLUED)
        for cue, phrases in cues.items():
            for phrase in phrases:
                table, key = (self.stems, phrase[:-1]) if phrase.endswith("*") else (self.phrases, phrase)
                table[key] = (*table.get(key, ()), cue)
        self.assent = frozenset(cues["assent"])
        self.follow = frozenset(cues["follow"])
        self.fixes = cues["fixit"]
        known: set[str] = set()
        for phrase in (*self.phrases, *self.polite):
            known.update(phrase.split())
        self.words = frozenset(known)


def parse(data: str) -> dict[str, tuple[str, ...]]:
    """Cue -> phrases; a line that starts with `|` goes on with the cue above."""
    rows = data.replace("\n|", "|").strip().split("\n")
    return {cue: tuple(phrases.split("|")) for cue, _, phrases in (row.partition(" = ") for row in rows)}


_cached: list[Tables] = []


def tables() -> Tables:
    """The tables, built at the first call of a process."""
    if not _cached:
        _cached.append(Tables())
    return _cached[0]
