//! Intruders, threats, fights, break-ins, forced or alarming doors.

use super::Row;

pub const ROWS: &[Row] = &[
    (
        r"(?:intruders?|burglars?|burglary|robbers?|robbery|trespass\w*|home invasion|prowler|armed (?:man|men|guy|robbery|person)|masked (?:man|men|guy|person))\b",
        r"robbery (?:on|of a|that)|daylight robbery|highway robbery|price",
    ),
    (
        r"(?:break(?:ing|s)? in(?:to|side)?\b|broke in(?:to)?\b|broken in(?:to)?\b|break-?in\b|breakin\b)",
        r"break(?:ing)? in(?:to)? (?:my|his|her|the|these|those|a|some)? ?(?:new )?(?:shoes|clubs?|irons?|driver|gloves?|putter|set|wedges?|bag|two|half|pieces|song|dance|smile|grip|mat|the (?:80s|90s|70s|100))|break(?:ing)? (?:\w+ )?(?:80|90|100|par)|break in (?:the )?(?:putt|green|play|action|schedule|between|our|my|weather)|(?:a|quick|short|lunch|any|good|nice|the) break in\b|broke in half|broken in half|breaks in (?:half|two|the)|didnt break",
    ),
    (
        r"(?:forc(?:ed|ing)|pr(?:y|ied|ying)|kick(?:ed|ing)|smash(?:ed|ing)|bust(?:ed|ing)|jimm(?:y|ied|ying)|ramm(?:ed|ing)|crowbar\w*|bang(?:ing|ed)|pound(?:ing|ed)) (?:\w+ ){0,3}?(?:the |a |your |our )?(?:\w+ )?(?:doors?|windows?|locks?|entry|entrance|glass)\b(?: open| in| down)?",
        r"(?:smash|bust|kick)(?:ed|ing)? (?:a |my |the )?(?:drive|ball|shot|putt)|(?:door|window) (?:is |was )?(?:broken|off)|push|pull hard|should i|do i (?:need|have) to|have to force|had to force|kicked the door stop|ball (?:\w+ )?(?:smashed|hit)|by accident|accidentally",
    ),
    (
        r"(?:door|window|glass)s? (?:\w+ ){0,3}?(?:was |is |been |were |looks? |has been )?(?:forced|pried|smashed in|kicked in|smashed|shattered|jimmied|busted open|broken open|broken into)\b",
        r"ball|shower|shot|accidentally|by accident|i (?:broke|smashed|shattered)|we (?:broke|smashed|shattered)|forced to",
    ),
    (
        r"(?:security|burglar|intruder|door|house|building|loud|some|an|the|your|club) alarm (?:\w+ ){0,3}?(?:going|went|gone|goes|ringing|rings|blaring|sounding|sounded|screaming|triggered|activated|wont stop|is on|off|beeping|blasting)\b|alarm(?:s)? (?:is |are |has |have |just |started |keeps? |wont |been |suddenly )*(?:going off|gone off|went off|ringing|blaring|sounding|screaming|stop|blasting)\b|(?:set off|tripped|triggered) (?:the |an |your |some )?(?:\w+ )?alarm",
        r"(?:my|phone|iphone|watch|clock|car|wake[- ]?up|morning|truck|timer|his|her) (?:\w+ )?alarm|alarm clock|test(?:ing)?\b|chirp\w*|low battery|ups alarm",
    ),
    (
        r"(?:gun|guns|gunshots?|shots fired|shooter|pistol|rifle|knife|knives|machete|weapons?|bomb threat|a bomb|hostage|stabb(?:ed|ing)|shooting (?:at|people))\b",
        r"(?:shotgun|shot ?gun|gun ?metal|gun ?slinger|top gun|big guns|jump(?:ing|ed)? the gun|gun range|range finder|rangefinder|nerf|glue gun|heat gun|rory|the bomb|hit(?:ting)? a bomb|drop(?:ped|ping)? a bomb|bomb(?:s|ed)? (?:it|drive|drives)|what a bomb|a bomb (?:off|on|down|of a|drive)|photo|video|hoops|pizza|cake|plastic|butter|kitchen|fork|forks|cutlery|steak|cut (?:the|a) cake|utensils|secret weapon|hair|launch|under the gun|shooting at the pin|warm gun|starter gun|like a gun|speed gun|radar gun)",
    ),
    (
        r"(?:threaten(?:ed|ing|s)?|threats?|menacing|assault(?:ed|ing|s)?|attack(?:ed|ing|s)?|harass(?:ed|ing|ment|es)?|stalk(?:ed|ing|er)|grop(?:ed|ing)|robb(?:ed|ing)|mugg(?:ed|ing)|beat(?:ing|en)? (?:him|her|me|them|someone|up)|following (?:me|us|her)|followed (?:me|us|her)|chas(?:ed|ing) (?:me|us|him|her)|molest\w*|rap(?:ed|ist)\b|indecent|flash(?:ed|ing) (?:me|us)|punch(?:ed|ing)|swinging (?:a club )?at (?:me|us|him|people)|throwing (?:clubs?|chairs?|bottles?|things|stuff) at)\b",
        r"attack(?:ing)? (?:the |that |this |every )?(?:pin|pins|flag|flags|angle|hole|green|ball|course|zone)|(?:angle of|attack) (?:attack|angle)|heart attack|panic attack|asthma attack|attack angle|(?:got|was|were|been|getting|absolutely|totally) robbed (?:on|of|by|there|at)|lip(?:ped)? out|punch(?:ed|ing)? (?:shot|out|it|low|in (?:the|my|a)|the (?:code|pin)|a|from|through|numbers)|rain|storm|weather|beat(?:ing|en)? (?:him|her|me|them|us) (?:by|at|on|in|again|today|every|with)|following (?:me|us) on|not a threat|threat(?:ening)? (?:to (?:leave|cancel|never|post|win|score|rain|snow|par|birdie))|following up|no threat|lol|haha|(?:got|getting|gets) punched (?:in the gut)?|snow",
    ),
    (
        r"(?:fight|fights|fist ?fight|fighting|brawl\w*|scuffle|altercation|swinging fists)\b",
        r"(?:fight(?:ing)?|fought) (?:the|my|a|his|her|this|that|your|against (?:the|my|a)|with (?:the|my|this|a|trackman|it)) ?(?:\w+ )?(?:slice|hook|swing|driver|shanks?|fade|draw|irons?|putter|traffic|cold|flu|screen|sim|simulator|software|settings|system|door|lock|wifi|computer|trackman|game|injury|demons|projector|mat|menu|it|app|login|code|link|keypad|touch ?screen|bug|yips)|ufc|mma|boxing|(?:food|cat|pillow|snowball) fight|fight night|watch(?:ing|ed)? (?:the|a) fight|worth the fight|fight for|fight to the death|match play|over (?:who|the bill|the cart)|fighting (?:chance|for|irish|back|words|off)|fight (?:on|tonight on)|put up a fight|lol|haha|tough fight|good fight|pick a fight with my",
    ),
    (
        r"(?:dont|do not|not|doesnt) feel(?:ing)? (?:very |really |so |at all )?(?:safe|secure)\b|feel(?:ing)? (?:very |really |so |kinda |a bit |pretty )?(?:unsafe|threatened|in danger|scared)\b|(?:were|im|i am|we are|are) (?:in danger|scared|terrified|hiding)\b|(?:unsafe|dangerous) (?:guy|man|person|situation|individual)|fear(?:ing)? for (?:my|our) (?:life|safety|lives)",
        r"(?:leaving|to leave|left) (?:my|our) (?:car|clubs|bag|stuff|things|bike|valuables)|scared (?:to|of|that|im|i|ill|it|of (?:breaking|hitting|damaging)) (?:\w+ )?(?:break|hit|touch|damage|press|mess|miss|shank|screw|lose|unplug|heights|the driver|restart)|hiding (?:the|my|a|from the (?:wife|sun))|lol|haha|scared (?:of|by) (?:my|the) (?:score|driver|price)",
    ),
    (
        r"(?:call|calling|called|need|get|send|phone) (?:for )?(?:the )?(?:police|cops|security|rcmp|sheriff)\b|police (?:now|please|asap|are here|needed|on the way)",
        r"lol|haha|call (?:the )?security deposit|fashion|police (?:report|check|officer discount|discount|event|fundraiser|league|association)|should we call the (?:fun|golf)|security (?:camera|deposit|code|question|update|certificate)",
    ),
    (
        r"(?:someone|somebody|some ?one|a (?:guy|man|woman|dude|stranger|homeless|drunk|group|random|person|few)|some (?:guy|guys|man|dude|dudes|people|kids|stranger|drunk|random|homeless)|two (?:guys|men)|this (?:guy|man|dude)|strangers?|homeless (?:guy|man|person)|random (?:guy|man|person|dude|people)|drunk (?:guy|man|people|guys|dude|person)|people|kids|teenagers|they|he) (?:\w+ ){0,6}?(?:wont leave|refus(?:es|ing|ed) to leave|trying to (?:get in|break|open the door|force|steal|fight|enter|come in)|stealing|sneaking (?:in|around)|snuck in|lurking|acting (?:aggressive|violent|crazy|erratic)|being (?:aggressive|violent|threatening|abusive)|getting (?:aggressive|violent|physical)|going through (?:peoples|our|my|the)|just (?:walked|came) in (?:and|off|who|with)|has a (?:gun|knife|weapon)|screaming at (?:us|me|people)|yelling at (?:us|me)|sleeping in (?:the|a|bay|box)|vandal\w+|smashing|trashing|destroying|spray ?paint\w*|doing drugs|shooting up|exposing|naked|masturb\w+|watching me|spying)\b",
        r"(?:trying to (?:get in(?:to)?|break|enter|open the door)) (?:for|to|since|80|90|100|par|my booking|our booking|with (?:my|our|the) (?:code|link)|the (?:app|website|code|account|wifi|game|tournament|league|round))|(?:my|our) (?:friend|buddy|buddies|wife|husband|partner|group|guest|son|dad|foursome|guys)|(?:people|guys|group|they) (?:are |still |were )*(?:in|on|using) (?:our|my) (?:bay|box|sim|spot|slot|time)|(?:its|it is|it was) our (?:time|turn|bay)|before us|stealing (?:strokes|my (?:thunder|swing)|shots|the show|our (?:time|slot))|lol|haha",
    ),
    (
        r"(?:someone|somebody|they|he|a guy|some guy|people|kids) (?:\w+ ){0,3}?(?:stole|stealing|robbed|swiped|is taking|ran off with|took off with)\b|(?:being|been|getting|got) (?:robbed|mugged|attacked|assaulted|threatened|burgled|burglarized|jumped|stalked|followed|harassed)",
        r"(?:stole|took|stealing) (?:my|our|the|his|her) (?:tee time|spot|slot|bay|ball|idea|show|seat|time|song|putt|skin)|lip|robbed (?:on|of|by|there|at)|what a steal|stole (?:the show|my (?:heart|swing|spot|ball|idea|birdie))|followed (?:by|up)|(?:last|yesterday)",
    ),
    (
        r"(?:vandals?|vandalism|vandaliz\w+|looting|looters|graffiti)\b.{0,30}(?:now|inside|here|right|happening|in progress)",
        r"",
    ),
    (
        r"(?:side|staff|back|front|main|emergency|rear|entrance|exit) (?:door|entrance) (?:\w+ ){0,3}?(?:has been |was |is |looks |been )?(?:forced|kicked|smashed|pried|broken into|busted)\b",
        r"",
    ),
    (
        r"(?:entr[eé] par effraction|effraction|cambriol\w+|intrus\b|voleurs?|quelquun (?:essaie|essaye|tente|veut) (?:de |d ?)?(?:entrer|forcer|voler)|menac\w+|agress(?:e|[eé]|ion|ion|ent|eur)\w*|bagarre|se battent|arme\b|un couteau|un fusil|un pistolet|forc[eé] la porte|porte (?:a [eé]t[eé] )?(?:forc[eé]e|d[eé]fonc[eé]e|fractur[eé]e)|appel\w* (?:la )?police|peur pour|pas en s[eé]curit[eé]|en danger|alarme (?:sonne|s ?est|est) ?\w*)",
        r"menace de pluie|blague",
    ),
];
