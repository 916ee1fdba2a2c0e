"""Mechanical checks of the test set; exit 1 if one fails."""
import json,re,sys,itertools,collections
D=__file__.rsplit("/",1)[0]; DOM=sys.argv[1]
sec=open(DOM).read().split("## 3.")[1].split("## 4.")[0]
ids=set(i for l in sec.splitlines() if l.startswith("|") for i in re.findall(r"`([a-z][a-z.-]*)`",l.split("|")[1]))
R=[(n,json.loads(l)) for n in("live","adversarial") for l in open(f"{D}/{n}.jsonl",encoding="utf8")]
bad=[]
for n,r in R:
    if set(r)-{"text","accept","bay"} or not r["text"].strip() or not r["accept"] or len(set(r["accept"]))<len(r["accept"]) or set(r["accept"])-ids: bad.append(r)
    if "bay" in r and r["bay"] not in(None,1,2,3,4,5): bad.append(r)
    for p in re.findall(r"\d{3}[- .]?\d{3}[- .]?\d{4}",r["text"]):
        if not re.fullmatch(r"902[- .]?555[- .]?01\d\d",p): bad.append(p)
c=collections.Counter(r["accept"][0] for _,r in R); few={i:c[i] for i in ids if c[i]<12}
T=[r["text"].strip().lower() for _,r in R]; dup=len(T)-len(set(T))
g=[{t[i:i+5] for i in range(max(1,len(t)-4))} for t in T]
near={k for i,j in itertools.combinations(range(len(T)),2) if len(g[i]&g[j])>.6*len(g[i]|g[j]) for k in(i,j)}
def q(v,p):
    v=sorted(v);k=(len(v)-1)*p;f=int(k);return v[f]+(v[min(f+1,len(v)-1)]-v[f])*(k-f)
ok=not bad and not few and not dup and len(near)<=.02*len(T)
for n in("live","adversarial","both"):
    L=[len(r["text"]) for m,r in R if n in(m,"both")]
    Q=[q(L,p) for p in(.1,.5,.9)]; inb=all(abs(a/b-1)<=.2 for a,b in zip(Q,(9,44,154))); ok&=inb
    print(f"{n}: n {len(L)}, characters p10/p50/p90 {Q[0]:.1f}/{Q[1]:.1f}/{Q[2]:.1f}", "ok" if inb else "OUT")
print(f"ids {len(ids)}, used {len(c)}, fewest {min(c.values())}, below 12 {few}; duplicates {dup}; near-duplicates {100*len(near)/len(T):.2f} %; bad {len(bad)}",*bad[:5])
sys.exit(0 if ok else 1)
