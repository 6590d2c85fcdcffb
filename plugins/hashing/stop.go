package hashing

import "strings"

// Function words, which say little about what a text is about. Words are
// split at apostrophes and hyphens, so "don't" is two of them.
const (
	english = `a about after again all also am an and any are as at be because been before being but by can cannot could d
did do does doing don down during each either else ever few for from further get got had has have having he her here hers
herself him himself his how i if in into is isn it its itself just ll m may me might mine more most much must my myself
neither no nor not of off on once only or other our ours ourselves out over own per quite rather re really s same shall
she should so some such t than that the their theirs them themselves then there these they this those though through to
too under until up upon us ve very was wasn we were what when where whether which while who whom whose why will with
within without would yes yet you your yours yourself yourselves`

	russian = `а без более бы был была были было быть в вам вами вас ваш ваша ваше ваши весь во вот все всё всего всех всю вы где
да даже для до его ее её ей ему если есть еще ещё ею же за здесь и из или им ими их к как какая какие какой когда кого
ком кому которая которое которые который кто куда ли либо между меня мне мной мог может можно мой моя моё мои мы на над
надо нам нами нас наш наша наше наши не него нее неё ней нет ни ним них но ну о об обо один однако он она они оно от очень
перед по под после потом потому почему при про с сам сама сами свой своя свои себе себя со так также такая такие такой там
те тебе тебя тем то тобой того тоже той только том тот тут ты у уже хотя чего чей чем что чтобы эта эти это этого этой этом
этот эту я`
)

func stopWords() map[uint64]struct{} {
	words := map[uint64]struct{}{}
	for _, w := range strings.Fields(english + " " + russian) {
		words[wordHash([]rune(w))] = struct{}{}
	}
	return words
}
