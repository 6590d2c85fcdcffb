package filters_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cubeset/cubeset/wasm"
	"github.com/cubeset/cubeset/wasm/filters"
)

const (
	languageCut      = 60   // characters: as short as a turn of a dialogue
	falseDropsMost   = 0.01 // of texts in the wanted language
	languageTextsEnv = "CUBESET_LANGUAGE_TEXTS"
)

// TestLanguageKeepsTheWanted cuts real English and written Russian to 60
// characters: of the wanted language, at most one in a hundred may be dropped.
func TestLanguageKeepsTheWanted(t *testing.T) {
	for _, file := range realFiles {
		t.Run(filepath.Base(file), func(t *testing.T) {
			b := realRows(t, file)
			falseDrops(t, "en", append(b.Questions, b.Answers...))
		})
	}
	t.Run("russian", func(t *testing.T) { falseDrops(t, "ru", strings.Split(strings.TrimSpace(russian), "\n")) })
}

func falseDrops(t *testing.T, code string, texts []string) {
	dropped, reasons := languageDrops(t, code, texts)
	t.Logf("%d texts, wanted %s: %.2f %% dropped: %s", len(texts), code, 100*dropped, reasons)
	if dropped > falseDropsMost {
		t.Errorf("wanted %s: %.2f %% of %d texts in it are dropped, want at most %g %%", code, 100*dropped, len(texts), 100*falseDropsMost)
	}
}

// TestLanguageDropsOthers reads a folder of CODE.txt, one text a line, and asks
// for another language: how many texts are found out.
func TestLanguageDropsOthers(t *testing.T) {
	dir := os.Getenv(languageTextsEnv)
	if dir == "" {
		t.Skip("no texts in many languages: " + languageTextsEnv + " names no folder")
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no *.txt in %s: %v", dir, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		code, texts := strings.TrimSuffix(filepath.Base(file), ".txt"), strings.Split(strings.TrimSpace(string(text)), "\n")
		line := fmt.Sprintf("%s: %d texts; dropped if wanted", code, len(texts))
		for _, wanted := range []string{code, "en", "ru"} {
			if dropped, _ := languageDrops(t, wanted, texts); dropped >= 0 {
				line += fmt.Sprintf(" %s %.2f %%", wanted, 100*dropped)
			}
		}
		t.Log(line)
	}
}

// languageDrops is the share of texts, cut short, that the filter drops; -1 if it
// does not know the wanted language.
func languageDrops(t *testing.T, wanted string, texts []string) (float64, string) {
	f, _ := filters.Find("language")
	m, err := wasm.ReadManifest(f.Module)
	if err != nil {
		t.Fatal(err)
	}
	known := false
	for _, r := range m.Reasons {
		known = known || r.Name == wanted
	}
	if !known {
		return -1, ""
	}
	b := &wasm.Batch{}
	for _, text := range texts {
		runes := []rune(text)
		b.Questions, b.Answers = append(b.Questions, string(runes[:min(languageCut, len(runes))])), append(b.Answers, "")
	}
	config, err := json.Marshal(map[string]any{"wanted": wanted, "answer": false})
	if err != nil {
		t.Fatal(err)
	}
	rows, reasons := drops(t, runtime(t), f, string(config), b)
	return count(rows), reasons
}

// russian is dialogue, a turn a line.
const russian = `
Привет! Как дела?
Здравствуйте, чем я могу вам помочь сегодня?
Посоветуй, пожалуйста, хорошую книгу на выходные.
Если вы любите детективы, попробуйте романы Бориса Акунина.
Во сколько отправляется поезд до Казани?
Ближайший поезд отправляется в 18:45 с третьего пути.
Можно ли вернуть билет без потери денег?
Да, если сделать это не позднее чем за восемь часов.
Какая завтра погода в Санкт-Петербурге?
Обещают дождь и около двенадцати градусов тепла.
Мне нужен столик на двоих на семь вечера.
К сожалению, на семь всё занято, есть место в половине девятого.
Хорошо, тогда на половину девятого.
Столик забронирован на имя Марины, ждём вас.
Как приготовить борщ?
Сварите бульон, добавьте свёклу, капусту, морковь и картофель, варите до готовности.
Сколько варить свёклу?
Около сорока минут, если она нарезана соломкой.
Не могу войти в личный кабинет, пишет «неверный пароль».
Нажмите «Забыли пароль?», и на почту придёт ссылка для сброса.
Письмо так и не пришло.
Проверьте папку «Спам», иногда оно попадает туда.
Нашёл, спасибо большое!
Пожалуйста, обращайтесь.
Объясни простыми словами, что такое фотосинтез.
Это процесс, при котором растения превращают свет, воду и углекислый газ в сахар и кислород.
А почему листья зелёные?
Потому что хлорофилл поглощает красный и синий свет, а зелёный отражает.
Напиши функцию на Python, которая складывает два числа.
Вот она: def add(a, b): return a + b — функция возвращает сумму.
Что значит слово «деепричастие»?
Это форма глагола, которая обозначает добавочное действие: читая, сделав.
Где можно недорого пообедать в центре?
Рядом с метро есть столовая, там обед стоит около трёхсот рублей.
Вызови такси к дому номер пять на улице Ленина.
Машина будет через шесть минут, белая «Шкода».
Отмени, пожалуйста, я передумал.
Заказ отменён, деньги вернутся в течение суток.
Сколько будет 17 умножить на 23?
17 × 23 = 391.
Какой фильм посмотреть вечером?
Посмотрите «Иван Васильевич меняет профессию», это классика.
Я уже видел, давай что-нибудь новое.
Тогда попробуйте сериал «Нулевой пациент».
Как сказать по-английски «подъезд»?
Обычно говорят entrance или entryway, зависит от страны.
Почему небо голубое?
Молекулы воздуха рассеивают синий свет сильнее, чем красный.
Мне грустно сегодня.
Мне жаль это слышать. Хотите рассказать, что случилось?
Объём файла слишком велик, что делать?
Попробуйте сжать его архиватором или разбить на части.
Съешь ещё этих мягких французских булок да выпей чаю.
Это известная фраза, в ней есть все буквы алфавита.
Ок
Ну да
Въезд и подъезд закрыты, объезд слева.
Спасибо, понял, поеду в объезд через площадь.
До свидания!
Всего доброго, хорошего дня!
`
