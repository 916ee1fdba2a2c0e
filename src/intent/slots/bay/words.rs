//! The words a bay is named by, and the words around it that say whose it is.

use std::sync::LazyLock;

use regex::Regex;

use crate::intent::pattern::rule;
use crate::site::BayId;

const WORD: &str = r"(?:bays?|box|boxes|sims?|simulators?|booth|stall|station|room|lane|pod|cage|bya|byay|bey|baay|baey|bayy|bayu|bsy|vay|nay|bau|bat|bqy|abay|bax|boxx|bxo|boz|bpx|bix|bx|boks|trackman|baies?|bais?|boite|simulateurs?|salle|cabine)";
const ORDINAL_WORD: &str = r"(?:1st|first|2nd|second|3rd|third|4th|fourth|5th|fifth|6th|sixth|premiere|1ere|deuxieme|2e|2eme|troisieme|3e|3eme|quatrieme|4e|4eme)";
const NUMBER: &str = r"(?:[1-9]\d?|one|two|three|four|five|six|seven|eight|nine|ten|un|une|deux|trois|quatre|cinq|won|tow|thre|tree|fower|fiv)";
/// After "bay 2" these show that the number counts something else.
const UNIT: &str = r"(?: ?(?:am|pm|a\.m|p\.m|oclock|hours?|hrs?|h|minutes?|mins?|min|seconds?|secs?|days?|weeks?|months?|people|ppl|persons?|adults|kids|holes?|strokes?|bucks|dollars|percent|times?|yards|feet|handed|degrees|more|others?|bays|boxes|sims|simulators|heures?|personnes|trous|fois|of (?:us|our|my|the|them|\d))\b|:\d|%|°|\$|,\d{3}|\.\d|/\d|(?:st|nd|rd|th|e|eme|ieme)\b|h\d\d)";
/// After a number without "bay" these do, too.
const THINGS: &str = r"(?: ?(?:balls?|shots?|players?|guests?|guys|iron|wood|hybrid|wedge|drivers?|clubs?|putts?|birdies|pars?|over par|under par|groups?|foursomes?|cars|different|separate|mulligans?|beers|drinks|towels|chairs|rounds|games|tries|attempts|screens|tvs|drops?|inch|inches|ft|km|of|in a row|to \d|or \d|out of|and a half|hundred|ish|handicap|weeks?|fan|pick|star|stars)\b|-|0|/|%)";

fn pattern(text: &str) -> Regex {
    let full = text.replace("{O}", ORDINAL_WORD).replace("{W}", WORD).replace("{N}", NUMBER);
    rule(&full)
}

pub(super) static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b{W}s? ?(?:number |numero |no\.? ?|num\.? ?|nr\.? ?|nbr ?|n° ?|# ?|: ?|- ?|_|\(|\. ?)?({N})(?:s\b|\b)((?: ?(?:and|&|,|/|or|et|\+|plus|to|-) ?(?:{W} ?)?#?{N}\b)*)",
    )
});
pub(super) static MORE: LazyLock<Regex> = LazyLock::new(|| pattern(r"{N}\b"));
pub(super) static GLUED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:bay|box|sim|simulator|bya|baay|booth|bsy|bx|baie|room|station|b|bay_)([1-9]\d?|(?:(?:one|two|three|four|five|six)\b))\b",
    )
});
/// "bay4frozen"
pub(super) static GLUED_ON: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:bay|box|sim|bya)([1-9])(?:is|isnt|frozen|froze|frezing|freezing|stuck|black|blank|dead|down|wont|not|crashed|screen|please|pls|projector|door|here)",
    )
});
/// A number of a hole beside the bay's.
pub(super) static HOLE_AFTER: LazyLock<Regex> = LazyLock::new(|| pattern(r"^ ?,? ?(?:on )?hole #?\d"));
/// A bay that goes on with what it does, or is, starts a clause of its own.
pub(super) static DOES: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"^s? (?:has|is|was|keeps?|just|got|looks|seems|sounds|wont|isnt|doesnt|next door)\b")
});
pub(super) static TOO: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b(?:too|also|both|as well|neither)\b"));
/// Between two bays of one list.
pub(super) static JOINED: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^ ?(?:and|&|\+|/|,) ?(?:bay|box|sim|simulator|number)? ?#?$"));
/// "the screen says bay 2"
pub(super) static SAYS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"\b(?:screen|sign|display|email|app|link|text) (?:says|shows|said|reads|calls it) ?$")
});
/// Dictation writes "bay to" and "bay for"; only before a word that tells what is wrong there.
pub(super) static DICTATED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?:^|\b(?:in|on|at|from|hi|hey|hello|its|were|we are|im|think|is) |[.,!?\n] ?)(?:bay|box|sim|simulator|booth) (to|too|tu|for|fore)(?: ?[.,!?\n]| ?$| (?:is|isnt|has|hasnt|wont|cant|keeps|just|froze|frozen|crashed|screen|not|please|and|projector|sim|black|dead|stuck|down)\b)",
    )
});
/// "the second bay", "2e baie"; where it is counted from leaves it open.
pub(super) static ORDINAL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b({O})(?: (?:bay|box|sim|simulator|booth|stall|room|station|baie|boite|simulateur|salle|cabine)\b)( (?:on|from|to|in|over|down|along|past|when|as you|after|before|by|beside|next|near|a|de|du)\b)?",
    )
});
/// "we're in the second one"
pub(super) static ORDINAL_ONE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:(?:were|we are|im|i am|its|it is|us|playing|sitting|here) (?:(?:in|on|at) )?(?:the )?|^(?:in |on |at )?the |on est (?:dans|sur|a) la |(?:suis|sommes) (?:dans|sur|a) la )({O})(?: one\b|[ .!]*$)( (?:on|from|to|in|over|down|along|past)\b)?",
    )
});
/// "number 4", "#4"
pub(super) static REVERSED: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?:#|\bnumber |\bno\.? ?|\bnumero |\bn° ?)({N})\b"));
/// Before "#4" these show what is numbered.
pub(super) static NUMBERED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:hole|iron|wood|hybrid|booking|order|confirmation|conf|reference|ref|phone|cell|door|code|player|question|problem|issue|try|attempt|time|error|bus|invoice|unit|suite|apartment|apt|address|street|club|tee|account|member|membership|ticket|locker|pin|version|gate|seat|row|table|exit|route|flight|visit|round|game|reason|option|step|rule|complaint|thing|score|shot|ball|trou|joueur|my|your|phone is|fan|priority|level|part|item|contact|row|day|week|fee|card|screen|tv|monitor|parking|spot|club is) ?$",
    )
});
/// "we're in 3"
pub(super) static WE_ARE_IN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:were|we are|im|i am|am|us|here|now|ours|mine|playing|sitting|stuck|guys|group|people|folks|neighbou?rs|someone|over|party|crew|those|on est|nous sommes|je suis) (?:\w+ ){0,3}?(?:in|on|into|over in|dans la|dans le|a la|sur la) #?({N})\b",
    )
});
/// "screen's black in 3", "trackman on 2"
pub(super) static THING_ON: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:heat|heating|heater|ceiling|tile|mat|turf|net|carpet|lights?|lamp|outlet|couch|chair|keyboard|mouse|tablet|speakers?|soundbar)(?: \w+){0,3}? (?:in|on|dans la|sur la) #?({N})\b|\b(?:screen|screens|sim|simulator|trackman|projector|picture|image|computer|pc|radar|camera|frozen|froze|frose|crashed|crash|black|dead|down|broken|sound|audio|heat|keyboard|touchscreen|touch screen|power|balls|shots|tees|tvs?|software|program|system|restart|reboot|reset|unfreeze|fige|noir|plante)s?(?: (?:is|are|went|has|have|just|again|totally|completely|frozen|froze|black|dead|down|out|not|working|isnt|arent|it|sim|gone|blank|off|up|s)){0,4} (?:in|on|dans la|sur la) #?({N})\b",
    )
});
/// "so cold in 2", "problems in 4", "can someone look at 3", "in 2, the screen …", "its 3 thats frozen"
pub(super) static TROUBLE_IN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:cold|hot|warm|freezing|boiling|chilly|stuffy|dark|dim|loud|quiet|humid|froid|chaud|wet|leak|leaking|smell|smells|smoke|stuck|glitching|lagging|laggy|offline|no (?:sound|picture|power|signal|image|internet|light|heat|view)) (?:over )?(?:in|on|dans la|sur la) #?({N})\b|\b(?:problems?|issues?|trouble|troubles|help|hand|wrong|up|off|weird|happening|going on|needed|missing|required|probleme|souci) (?:over )?(?:in|on|with|dans la|avec la) #?({N})\b|\b(?:look at|looking at|check|check on|checking|come to|someone to|fix|fixing|unstick|kick|pop into) #?({N})(?: ?$| ?[.,!?\n]| (?:please|pls|plz|for|thx|thanks|thank|its|it|and|the|when|now|asap|again|we|i|cant|wont|is|has|froze|frozen)\b)|(?:^|[.!?\n] ?|\b(?:hi|hey|hello|yo|sorry),? )(?:in|on|over in) #?({N}) ?[,:.-]|\b(?:its|it is|cest|was|meant) (?:actually |really )?#?({N}) (?:that|thats|which|that is|qui)\b",
    )
});
/// "restart 2", "3's projector", "4 here", "ours (2)", "we moved over to 3"
pub(super) static BARE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:(?:restart|reboot|reset|unfreeze|relance[rz]?|redemarre[rz]?) (?:la |number |the )?#?|(?:ours|our one|my one|mine) ?(?:is )?\(?#?|(?:we|i|ive|weve|just|us) (?:just |all |have |got )?(?:moved|switched|swapped|changed|jumped|bumped)(?: us)?(?: over)? (?:to|into) #?|(?:moved|switched|bumped|transferred|put) us (?:over )?(?:to|into|in) #?|trying to play (?:in|on) #?)({N})\b|(?:^|[.!?\n,] ?|\b(?:hi|hey|hello) )#?([1-9])(?:s (?:screen|projector|sim|simulator|trackman|picture|pc|computer|tv|tvs|camera|radar|door|heat|sound|lights?)\b| here\b(?: ?$| ?[.!,?]|,? (?:still|again|the|our|my|its|we|were|waiting|and)\b))",
    )
});
/// "not 3, 2"
pub(super) static NOT_BUT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^\W*(?:(?:no|sorry|oops|its|were|we are|im|in)[ ,]+)*not (?:in |on )?(?:{W} ?)?#?{N}[ ,.!-]+(?:but |its |were |we are |im |in |on )*(?:{W} ?)?#?({N})\W*$",
    )
});
/// "bay 2, not 3", "not 2 but 3", "3 instead of 1": the one meant, in the middle of a text.
pub(super) static RATHER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\bnot (?:in |on |the )?(?:{W} ?)?#?{N},? (?:but|its|it is|rather) (?:in |on |the |its |really |actually )*(?:{W} ?)?#?({N})\b|\b(?:mistake|sorry|oops|meant|said|mean|about|asked|wrong|typo|its|was|were in|im in|we are in|in|on)[ ,:.!-]+(?:it was |its |in |for )*(?:{W} ?)?#?({N}),? (?:and )?not (?:in |on |the )?(?:{W} ?)?#?{N}\b|\bnon,? pas la {N}[ ,.]+(?:mais )?(?:dans )?la ({N})\b|\b(?:hang on|hold on|let me (?:check|look)|one sec|wait)\b[^\n]{0,40}\b(?:its|it is|we are in|were in|im in) (?:{W} ?)?#?({N}) ?[.!]*$",
    )
});
/// "both 1 and 2 froze"
pub(super) static PAIR: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?:^|[.!?\n,] ?|\bboth |\bhey |\bhi )#?([1-9]|one|two|three|four|five) ?(?:and|&|et|,|\+) ?#?([1-9]|two|three|four|five) (?:are |is |have |has |both |just |all |sont )*(?:froze|frozen|down|crashed|dead|black|stuck|out|off|not working|wont \w+|dont work|keep \w+|offline|blank|lagging|gelees?|plantees?)\b",
    )
});
/// "can someone look", "you guys": those asked for help, not those who play there.
pub(super) static ASKED_TO_HELP: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:can|could|would|will|please|pls|need|have|get|send|want) (?:someone|somebody|anyone|anybody|staff|a person|you guys|one of you)\b|\b(?:look|peek|check|glance|hand|help) (?:in|at|on|into|over at) (?:the )?$",
    )
});
/// "guys over here in bay 2", "my wife and kids are in bay 4"
pub(super) static OURS_TOO: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\bhere (?:in|at|on) (?:the )?$|\b(?:my|our) \w+ and (?:\w+ ){0,2}\w+ (?:are |were |is |playing |both )*(?:in|at|on) (?:the )?$",
    )
});
/// Golf talk, in which "on 4" is a hole.
pub(super) static OF_HOLES: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:par [3-6]|holes?|fairway|putt|putting green|bunker|tee shot|tee off|birdie|bogey|gimme|under par|over par)\b",
    )
});
/// "bay 1 here", said by those who are in it.
pub(super) static HERE_AFTER: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^ ?(?:here|speaking|checking in)\b"));
/// "so now its bay 3", whoever had it before.
pub(super) static NOW_OURS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:so |and )?now (?:its|it is|were|we are|im|weve got|we have|in|on) (?:in |on |at )?(?:the )?$",
    )
});
/// A box of another kind: "tee box 3".
pub(super) static OTHER_BOX: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:tee|mail|drop|po|p\.o\.?|penalty|lunch|ice|juke|post|x|parcel|lock|gear|storage|sick|e|loading|parking|chat|living|dining|washing|hotel|meeting|fitting|locker|escape|changing)[ -]?$",
    )
});
/// "our neighbours in 3"
pub(super) static NEIGHBOURS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:neighbou?rs?|other (?:group|guys|people|half)) (?:is |are |was |were |who is |whos |s |over |playing |also )*(?:in|on|at) (?:the )?$",
    )
});
/// Where it is, or which one: no one's own.
pub(super) static WHERE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:where(?: is|s| are|s even)?|which (?:one |bay |box |door )?(?:is|s)|how do (?:i|we|you) (?:get|find)(?: to)?|way to|do you (?:guys )?(?:clean|have|rent)|what kind of \w+ (?:is|are) in|is there \w+ in) (?:the )?$",
    )
});
pub(super) static IF_POSSIBLE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^ ?,?(?:if (?:possible|its (?:free|open|available)|free|open|available|you can)|preferably|would be (?:nice|great|ideal)|is up next|ideally)\b",
    )
});
/// Somebody or something else is what the clause is about.
pub(super) static OTHER_SUBJECT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:theres|there is|there are|someone|somebody|guys?|people|they|their|theirs|theyre|he|hes|she|shes|his|her|kids|party|group|friends?|buddy|neighbou?rs?|man|woman|dude|person|noise|music|fight)\b",
    )
});
pub(super) static STRONG_HERE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:were|we are|im|i am|here|this is|its us|on est|my|our|us|ours)(?: (?:in|on|at|dans la|the|all|both|bay|is|playing|trying to play))* ?\(?$",
    )
});
/// "2 is frozen"
pub(super) static SUBJECT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?:^|[.!?\n,] ?|\b(?:hi|hey|hello|but|and|yo|sorry|our|la|so|think|looks like|seems) ,?)#?([1-9]|two|three|four|five|deux|trois|quatre)s? (?:(?:is|est|s|isnt|has|hasnt|doesnt|just|keeps?|keep|still|totally|went|wont|is just|is still|is completely|again|seems?|looks) )*(?:froze|frozen|freezing|crashed|crashing|down|not working|black|dead|stuck|broken|blank|wont (?:load|start|turn|work|come|boot|respond)|loading|unresponsive|not (?:responding|loading|reading|registering|picking)|figee?|noire?|bloquee?|plantee?|acting up|offline|lagging|glitching|locked up|out|doesnt work|dont work|isnt working|not turning on|laggy|frozed|no (?:sound|picture|power|signal|image|internet|heat|lights?|audio|projector)|boiling|freezing cold|so (?:cold|hot|dark)|too (?:cold|hot|loud)|cold|hot|dark|glitchy|spinning|hung|glitched|wont let|crashes|leaking|flooded|flooding|gelee?|brisee?|doesnt\W*$)(?:\b|$)",
    )
});
/// "la deux", "dans la 3"
pub(super) static LA: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\b(?:dans|sur|pour|a|de|cest|est|^)? ?la ([1-9]|deux|trois|quatre|cinq)\b"));
pub(super) static UNIT_AFTER: LazyLock<Regex> = LazyLock::new(|| pattern(&format!("^{UNIT}")));
pub(super) static THING_AFTER: LazyLock<Regex> = LazyLock::new(|| pattern(&format!("^(?:{UNIT}|{THINGS})")));
/// What may follow the last number of a list ("bays 1, 2 and 3 are down").
pub(super) static LIST_GOES_ON: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^ ?(?:$|[.,!?;:)&\n-]|(?:and|or|et|are|is|both|all|please|have|has|were|was|keeps?|froze|frozen|down|not|dont|wont|isnt|arent|crashed|at|on|in|with|for|need|thanks|thank|sont|black|dead|cant|just|sorry|which|had|booked|reserved|side by side|if|as|for us|now|again|too|rn|right|today|tonight)\b)",
    )
});

pub(super) static OTHERS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:(?:the|those|these|some|other|this|a|couple|few) )?(?:other |loud |drunk |noisy |young )*(?:guys?|people|group|party|folks|neighbou?rs?|someone|somebody|dudes?|kids|crowd|players?|men|ladies|girls|boys|team|crew|customers?|whoever|they|theyre|others|bunch|gentlemen|couple|idiots?|gars|gens|voisins|joueurs|types)\b[^.!?\n]{0,40}$",
    )
});
pub(super) static OURS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"\b(?:my|our|us|we|were|im|i|ours|me|mine|party of|group of|\d|weve|ive|id|ill) (?:\w+ ){0,4}$")
});
pub(super) static BESIDE_US: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\b(?:beside|next to|near|behind|across from|right by) (?:us|me)\b"));
pub(super) static BESIDE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^[^.!?\n]{0,12}\b(?:next to us|beside us|next door|beside me|next to me|is empty|is free|is open|is not being used|isnt being used)",
    )
});

pub(super) static CORRECTION: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?:^|[\s,.(])(?:\*+ ?|(?:sorry|oops|whoops|woops|oh wait|no wait|wait no|wait|correction|actually|err?|uh|umm?|i meant?|meant|meant to say|typo|my bad|scratch that|make that|i mean|rather|pardon|apologies|je veux dire|désolé|not \w+ but|no its|no it is|no)[ ,:;.-]*(?:i mean[t]?|its|it is|thats|were in|we are in|im in|in|at|actually|make that|for|no)?[ ,:]*)(?:(?:the )?{W} ?(?:number |# ?)?|# ?)?({N})\b(?:[ ,]*(?:not|instead of|pas) (?:{W} ?)?{N}\b)?[ .!]*(?:sorry|instead|please|my bad|not \w+)?[ .!]*(?:$|[\n.!,])",
    )
});
pub(super) static NOT_THIS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:not|isnt|instead of|pas|rather than|(?:dont|do not) (?:\w+ )?(?:restart|reboot|reset|touch|turn off)|didnt mean) (?:in |on |at |the |la |le )*(?:{W} ?)?#?({N})\b(?: (?:or|and|nor) (?:{W} ?)?#?({N})\b)?",
    )
});
/// The one meant, after another was refused: "… reset 3", "… its 3".
pub(super) static INSTEAD: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:restart|reboot|reset|touch|do|its|it is|it was|make it|meant?|want|only|just|but|try|in|cest)(?: (?:in|on|for|the|to|please|actually))* (?:{W} ?)?#?({N})\b",
    )
});
/// Friends of theirs belong to them, and so does the bay they play in.
pub(super) static OUR_PEOPLE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:my|our|nos|mes) (?:\w+ )?(?:friends?|budd(?:y|ies)|mates?|kids?|guests?|wi(?:fe|ves)|husbands?|sons?|daughters?|brothers?|sisters?|dads?|moms?|parents?|famil(?:y|ies)|partners?|guys|people|group|party|coworkers?|colleagues?|amis?|enfants)\b",
    )
});
pub(super) static STAR: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?:^|\s)(?:\*+ ?(?:{W} ?)?({N})|(?:{W} ?)?({N}) ?\*+)(?:\s|$)"));

/// The bay they were or had booked, when they also say where they are.
pub(super) static ELSEWHERE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:booked|reserved|booking (?:is|was|says)? ?(?:for|in)?|supposed to be|should be|was|were originally|moved|switched|from|had|paid for|reservation (?:is|was)? ?(?:for|in)?) (?:\w+ ){0,2}$",
    )
});
pub(super) static HERE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:were|we are|im|i am|now|playing|sitting|currently|moved|switched|went|but|put us|over) (?:\w+ ){0,3}$",
    )
});

pub(super) static ONLY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^[\s\W]*(?:(?:hi|hey|hello|ok|okay|its|it is|im|i am|were|we are|in|on|at|the|we|a|umm?|uh|oh|sorry|yes|yeah|yep|thats|that is|sure|probably|i think|think|think its|cest|la|le|dans) ?,? ?)*(?:(?:{W} ?(?:number |no\.? ?|# ?|is )?)?#?{N}|{O}(?: (?:one|bay|box|sim))?)(?: (?:and|&) (?:{W} ?)?{N})?(?: ?(?:please|thanks|thank you|sorry|pls|plz|sir|it is|right now|i think|one|here|merci))*[\s\W]*$",
    )
});

/// "the one beside bay 2": a landmark.
pub(super) static LANDMARK: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:beside|next to|near|behind|across from|between|opposite|adjacent to|closest to|nearest|past|after|before|right of|left of|side of|in front of|not far from|over from|down from|up from|one from|beside the|other than|besides|a cote de|pres de|entre|voisin de|en face de|derriere|unlike|compared to|like in|same as|than)(?: to)?(?: the| la| le| les)?(?: {W})?(?: {N} (?:and|&|et))? ?#?$",
    )
});
/// Only asked for: "can we get bay 2", "is bay 3 free".
pub(super) static ASKED_FOR: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?:\b(?:book|books|booking for|reserve|reserving|rent|hire|want|wanted|prefer|request|requesting|like|love|id like|get us|put us in|move us|move me|switch us|swap us|swap|switch|move|change|upgrade|get|have|use|try|take|grab|go|jump|hop|play|reserver|avoir|prendre|changer|louer|opening|openings|slot|slots|availability|free time|spot|available|availabilities)(?: (?:over|back|in|into|to|onto|for|on|a|the|our booking|my booking|our time|it|us|me|pour|la|le|de|dans|vers|at|saturday|sunday|tomorrow|tonight|out of here|from here|somewhere else))*|\b(?:how much (?:is|for)|price (?:of|for)|whos in|anyone in|anybody in|someone in right now|what about|how about|rates? for|who is in|nobody in|no one in|noone in|what is in|whats in|is it|is this|are we)) ?#?$",
    )
});
/// A wish or a question about having it stands before.
pub(super) static WISH: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:can|could|may|might|would|want|wanna|like|love|possible|prefer|please|pls|hoping|looking|trying|need|is there|any|wondering|chance|ok|okay|rather|should|will|shall|instead|next time|do you|how|when|book|reserve|rent|request|voudrais|voudrions|peut|peux|pouvons|aimerais|aimerions|possible de|est-ce|thinking|planning|plan|interested|mind if|allowed|to|lets|let us|ill|well)\b",
    )
});
/// A question whether it is to be had.
pub(super) static FREE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^[^.!,;\n]{0,14}\b(?:free|open|available|empty|taken|booked|occupied|in use|being used|vacant|libre|disponible|bookable|better|bigger|left.handed|the (?:big|vip|private|biggest|same|good|best|one)|private|vip|cheaper|busy|ours|mine|right)\b",
    )
});
/// Something is wanted done in it, so it is theirs: "can we get bay 2 restarted".
pub(super) static DONE_TO: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^s?(?: (?:the|sim|simulator|trackman|screen|projector|pc|computer|door|lights?|heat|tvs?|please|software|just|quickly|radar))* ?(?:restarted|rebooted|reset|fixed|going|working|back|turned|looked|sorted|running|up|on|off|opened|unlocked|extended|warmer|cooler|unfrozen|unstuck|checked|cleaned|started|restart|reboot|to (?:work|start|load|restart|turn|go|come|respond|connect|boot)|for (?:another|an extra|\d more|half an|a bit|longer|one more|1 more|a little)|until|till|longer|a (?:reset|restart|reboot|kick))\b",
    )
});
/// Their booking tells which is theirs, also when they ask something about it.
pub(super) static HAVE_BOOKED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:booked|reserved|have a booking|have booking|our booking|my booking|booking (?:is|was)|we have|i have|ive got|weve got|we got|have got|got|put us|moved us|moved|switched|changed|swapped|were using|im using|are using|using|play(?:ing|ed)|reserve la|ai reserve|avons reserve) (?:\w+ ){0,3}#?$",
    )
});
/// Quoted back or told by us: "you said bay 2".
pub(super) static TOLD: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:you|u|your (?:\w+ )?(?:text|message|reply|email|bot|system)|the (?:bot|text|message|reply|auto reply)) (?:guys )?(?:just )?(?:said|say|says|told (?:me|us)|wrote|texted|replied|restarted|reset|rebooted|asked (?:about|if)|asked|sent|meant|thought|think|mentioned|fixed|opened|keep saying|restarted the)\b[^.!?\n]{0,30}$|\b(?:i|we|ive|weve) (?:never|didnt|havent|did not|have not) (?:said|say|mention(?:ed)?|ask(?:ed)?|book(?:ed)?|text(?:ed)?)\b[^.!?\n]{0,20}$",
    )
});
/// Their own past: "last time we were in bay 2".
pub(super) static LONG_AGO: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:last (?:time|week|month|year|visit|summer|winter|spring|fall)|usually|normally|always|the other (?:day|week)|(?:weeks?|months?|years?) ago|used to|previously|before christmas|la derniere fois|la semaine derniere|once|in the past|typically|first visit)\b",
    )
});
/// … unless something of theirs is still there or owed.
pub(super) static LEFT_THERE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:left|lost|forgot|forgotten|forget|missing|found|refund|credit|money|glove|jacket|wallet|phone|keys|club|bag|charged|behind|oublie|perdu|rembourse\w*|oublies?)\b",
    )
});
/// … or it goes on.
pub(super) static GOES_ON: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\b(?:again|still|since|now|tonight|today|same)\b"));
/// The bay goes on with those who are in it: "bay 3 guys are loud".
pub(super) static THEIRS_AFTER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?:s)?(?: (?:next door|beside us|next to us))? ?(?:(?:guys?|people|group|party|folks|crowd|kids|dudes|neighbou?rs?|lads|boys|team) (?:is|are|were|keep|wont|have|being|just|so|need|next|seem|getting|smoking|yelling|r)\b|(?:is|are|keeps?|being|getting|has been|have been|so|super|really|way) (?:\w+ ){0,2}(?:loud|noisy|rowdy|yelling|screaming|shouting|drunk|smoking|vaping|swearing|blasting|partying|fighting|obnoxious|arguing|rude|wild|hammered)\b)",
    )
});
/// A question that begins so asks about a bay.
pub(super) static ASKS_FIRST: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^\W*(?:(?:hi|hey|hello|quick question|question|so|and|also|ok|or|thanks|sorry|just wondering|wondering|just checking|bonjour|good \w+|if|do you know|can you tell me|curious)[ ,:]*)*(?:is|are|will|would|was|does|do|whos|who is|who|how much|how big|how many|what|whats|which|can|could|may|any|anyone|anybody|when|est-ce|quand|combien|price)\b",
    )
});
pub(super) static FROZEN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^[^.!?\n]{0,20}\b(?:fro[sz]en?|froze|down|crash\w*|broken|dead|black|not working|working|stuck)\b",
    )
});
/// "the guys who had bay 2 before us"
pub(super) static HAD: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:before us|before me|had|were in|was in|was using|left in|were using|signed in(?:to)? (?:on|in)|logged in(?:to)? (?:on|in)|logged (?:on|into)) (?:the )?$",
    )
});
pub(super) static NOISE_FROM: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:music|noise|noises|yelling|shouting|swearing|screaming|language|party|smoke smell|racket|loud(?:ness)?|weed|laughing|bass|speaker|sound) (?:\w+ ){0,3}?(?:from|coming from|over in|out of|de la|de) (?:the )?$",
    )
});
/// "bay 1 is black, bay 2 is fine"
pub(super) static FINE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^ ?(?:(?:and|&|,|or) ?(?:{W} ?)?#?{N} ?)*(?:(?:is|are|was|seem|seems?|look|looks?|works?|working|est|va|marche|sim|one|screen|just|all|totally|runs?|running|right|beside us|next door|next to us|though|which|that) )*(?:fine|ok|okay|good|great|perfect|perfectly|working|works|normal|alright|no problem|bien|unaffected|up)\b",
    )
});
pub(super) static FROM_TO: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:from|out of|off|de) (?:the )?(?:{W} ?)?(?:number |# ?)?({N}) (?:over |and )?(?:to|into|onto|a) (?:the )?(?:la )?(?:{W} ?)?(?:number |# ?)?({N})\b",
    )
});
pub(super) static MOVED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"\b(?:moved|switched|swapped|changed|went|got moved|relocated|bumped|transferred)\b")
});

pub(super) fn bay(number: &str) -> Option<BayId> {
    let n = match number {
        "one" | "un" | "une" | "won" => 1,
        "two" | "deux" | "tow" | "to" | "too" | "tu" => 2,
        "three" | "trois" | "thre" | "tree" => 3,
        "four" | "quatre" | "fower" | "for" | "fore" => 4,
        "five" | "cinq" | "fiv" => 5,
        "six" => 6,
        "seven" => 7,
        "eight" => 8,
        "nine" => 9,
        "ten" => 10,
        digits => digits.parse().ok()?,
    };
    Some(BayId(n))
}

pub(super) fn ordinal(word: &str) -> Option<BayId> {
    let n = match word {
        "1st" | "first" | "premiere" | "1ere" => 1,
        "2nd" | "second" | "deuxieme" | "2e" | "2eme" => 2,
        "3rd" | "third" | "troisieme" | "3e" | "3eme" => 3,
        "4th" | "fourth" | "quatrieme" | "4e" | "4eme" => 4,
        "5th" | "fifth" => 5,
        "6th" | "sixth" => 6,
        _ => return None,
    };
    Some(BayId(n))
}
