package als

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"llm4rec/data"
	"llm4rec/data/datatest"
	"llm4rec/data/movielens"
	"llm4rec/eval"
	"llm4rec/eval/stats"
	"llm4rec/models"
)

// peers names the environment variable with the Python that has benfred/implicit: see bench/peers.
const peers = "LLM4REC_PEERS"

// job is what bench/peers/implicit_als.py is asked to do.
type job struct {
	Users          int     `json:"users"`
	Items          int     `json:"items"`
	Factors        int     `json:"factors"`
	Regularization float64 `json:"regularization"`
	Alpha          float64 `json:"alpha"`
	Iterations     int     `json:"iterations"`
	CG             bool    `json:"use_cg"`
	Type           string  `json:"dtype"`
	Seed           uint64  `json:"seed"`
	K              int     `json:"k"`
}

// asJob says in implicit's terms what c says, for a binary matrix: its alpha is our 1 + α.
func asJob(c Config, r *data.Matrix) job {
	return job{
		Users: r.Rows, Items: r.Cols, Factors: c.Factors, Regularization: c.Regularization, Alpha: 1 + c.Alpha,
		Iterations: c.Iterations, CG: c.Solver == ConjugateGradient, Type: "float32", Seed: c.Seed, K: 10,
	}
}

func (j job) run(t *testing.T, dir string) {
	t.Helper()
	text, err := json.Marshal(j)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "job.json"), text, 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(os.Getenv(peers), filepath.Join("..", "..", "bench", "peers", "implicit_als.py"), dir).CombinedOutput()
	if err != nil {
		t.Fatalf("implicit_als.py: %v\n%s", err, out)
	}
}

// ml100k is the leave-one-out split of MovieLens-100K.
func ml100k(t testing.TB) *data.Split {
	t.Helper()
	d, err := movielens.Load100K(datatest.Open(t, "ml-100k"))
	if err != nil {
		t.Fatal(err)
	}
	return leaveOneOut(t, d)
}

func leaveOneOut(t testing.TB, d *data.Dataset) *data.Split {
	t.Helper()
	spec, err := data.SplitSpec{Method: "leave-one-out"}.WithDefaults()
	if err != nil {
		t.Fatal(err)
	}
	split, err := d.Split(spec)
	if err != nil {
		t.Fatal(err)
	}
	return split
}

func needPeers(t *testing.T) {
	t.Helper()
	if os.Getenv(peers) == "" {
		t.Skipf("%s names no Python with benfred/implicit: see bench/peers", peers)
	}
}

// From the same factors, one exact iteration gives the same factors to a relative 1e-4 of a vector: of implicit in float64,
// and in float32, as it runs by default. An element that is small beside its vector differs by more: it carries the
// rounding of the users' factors to float32, which the items' are solved from. So elements are held to
// |x − ref| ≤ 1e-4·|ref| + 1e-6·‖ref‖, against float64.
func TestImplicitFactors(t *testing.T) {
	needPeers(t)
	r := ml100k(t).Train.UserItem()
	for _, alpha := range []float64{0, 1, 39} {
		c := Default()
		c.Alpha, c.Iterations, c.Seed = alpha, 1, 7
		ours := fit(t, c, r, initial(t, c, r.Rows, streamUsers), initial(t, c, r.Cols, streamItems))
		for _, theirType := range []string{"float64", "float32"} {
			dir := t.TempDir()
			x, y := initial(t, c, r.Rows, streamUsers), initial(t, c, r.Cols, streamItems)
			writeSparse(t, dir, "train", r)
			write(t, filepath.Join(dir, "user_factors.f32"), x.v)
			write(t, filepath.Join(dir, "item_factors.f32"), y.v)
			j := asJob(c, r)
			j.Type = theirType
			j.run(t, dir)
			read(t, filepath.Join(dir, "user_factors.f32"), x.v)
			read(t, filepath.Join(dir, "item_factors.f32"), y.v)
			for _, side := range []struct {
				name      string
				got, want factors
			}{{"users", ours.x, x}, {"items", ours.y, y}} {
				row, elements := difference(side.got, side.want)
				t.Logf("α %g, implicit in %s, %s: largest relative difference of a vector %.1e, of an element's tolerance %.2f",
					alpha, theirType, side.name, row, elements)
				if row > 1e-4 || theirType == "float64" && elements > 1 {
					t.Errorf("α %g, implicit in %s, %s: too large a difference", alpha, theirType, side.name)
				}
			}
		}
	}
}

// difference is the largest ‖a − b‖/‖b‖ over rows, and |a − b|/(1e-4·|b| + 1e-6·‖b's row‖) over elements. What is zero in
// b must be zero in a.
func difference(a, b factors) (row, elements float64) {
	ratio := func(d, size float64) float64 {
		if d == 0 {
			return 0
		}
		return d / size
	}
	for n := range int32(b.n) {
		norm, d2 := math.Sqrt(dot(b.row(n), b.row(n))), 0.0
		for l, v := range b.row(n) {
			d := math.Abs(float64(a.row(n)[l]) - float64(v))
			d2 += d * d
			elements = max(elements, ratio(d, 1e-4*math.Abs(float64(v))+1e-6*norm))
		}
		row = max(row, ratio(math.Sqrt(d2), norm))
	}
	return row, elements
}

// Over ten seeds our NDCG@10 is not below implicit's by .003: that is the lower end of the 95% interval over users of the
// difference by user, seeds averaged first. From starts of their own the two differ by chance as any two seeds do, from
// the same starts by arithmetic alone.
func TestImplicitQuality(t *testing.T) {
	needPeers(t)
	const seeds = 10
	split := ml100k(t)
	r := split.Train.UserItem()
	queries, history := questions(split.Test, r)
	for _, cell := range []struct {
		alpha  float64
		solver Solver
		start  string
	}{
		{0, Cholesky, "own"}, {0, Cholesky, "same"}, {0, ConjugateGradient, "same"}, {9, Cholesky, "same"}, {9, ConjugateGradient, "same"},
	} {
		ours, theirs := map[Users][]float64{}, map[Users][]float64{} // sums over seeds, by user
		for seed := range uint64(seeds) {
			c := Default()
			c.Loss, c.UnobservedWeight, c.Nu, c.Regularization = Hu, 1, 0, .01 // implicit's default
			c.Alpha, c.Solver, c.Seed = cell.alpha, cell.solver, seed
			dir := t.TempDir()
			writeSparse(t, dir, "train", r)
			writeSparse(t, dir, "history", history)
			if cell.start == "same" {
				write(t, filepath.Join(dir, "user_factors.f32"), initial(t, c, r.Rows, streamUsers).v)
				write(t, filepath.Join(dir, "item_factors.f32"), initial(t, c, r.Cols, streamItems).v)
			}
			asJob(c, r).run(t, dir)
			fitted, err := c.Fit(t.Context(), split.Train)
			if err != nil {
				t.Fatal(err)
			}
			for _, users := range []Users{Trained, FromHistory} {
				ids := make([]int32, r.Rows*10)
				read(t, filepath.Join(dir, string(users)+".i32"), ids)
				lists := make([][]int32, len(queries))
				for n, q := range queries {
					lists[n] = ids[q.User*10 : (q.User+1)*10]
				}
				theirs[users] = accumulate(theirs[users], ndcg(t, lists, split.Test.Relevant))
				m := fitted.(*Model)
				m.config.Users = users
				ours[users] = accumulate(ours[users], ndcg(t, ranked(t, m, queries), split.Test.Relevant))
			}
		}
		for _, users := range []Users{Trained, FromHistory} {
			table := make([]float64, 0, 3*len(queries))
			for n := range queries {
				a, b := ours[users][n]/seeds, theirs[users][n]/seeds
				table = append(table, a, b, a-b)
			}
			v, _ := stats.Bootstrap(table, 3, stats.Resamples, 1)
			t.Logf("α %g, %s, %s start, users %s: NDCG@10 ours %.4f, implicit %.4f, difference %+.4f [%+.4f, %+.4f]",
				cell.alpha, cell.solver, cell.start, users, v[0].Mean, v[1].Mean, v[2].Mean, v[2].Lo, v[2].Hi)
			if !(v[2].Lo > -.003) {
				t.Errorf("the lower end is %.4f, want above -.003", v[2].Lo)
			}
		}
	}
}

// questions asks for ten items, without those of the history. The matrix holds the histories by user.
func questions(part data.Part, r *data.Matrix) ([]models.Query, *data.Matrix) {
	var seen data.Interactions
	queries := make([]models.Query, len(part.Cases))
	for n, c := range part.Cases {
		queries[n] = models.Query{User: c.User, History: c.History, Times: c.Times, At: c.At, Exclude: c.History, K: 10}
		for _, i := range c.History {
			seen.User, seen.Item = append(seen.User, c.User), append(seen.Item, i)
		}
	}
	return queries, seen.UserItem(r.Rows, r.Cols)
}

func ranked(t testing.TB, m models.Recommender, queries []models.Query) [][]int32 {
	t.Helper()
	answers, err := m.Recommend(t.Context(), queries)
	if err != nil {
		t.Fatal(err)
	}
	lists := make([][]int32, len(answers))
	for n, list := range answers {
		for _, s := range list {
			lists[n] = append(lists[n], s.Item)
		}
	}
	return lists
}

// ndcg is NDCG@10 by user.
func ndcg(t testing.TB, lists, relevant [][]int32) []float64 {
	t.Helper()
	metric, err := eval.Parse("ndcg@10")
	if err != nil {
		t.Fatal(err)
	}
	out := make([]float64, len(lists))
	for n := range lists {
		out[n] = metric.User(lists[n], relevant[n], nil)
	}
	return out
}

func accumulate(sum, x []float64) []float64 {
	if sum == nil {
		return x
	}
	for n := range sum {
		sum[n] += x[n]
	}
	return sum
}

func writeSparse(t *testing.T, dir, name string, r *data.Matrix) {
	t.Helper()
	write(t, filepath.Join(dir, name+".indptr"), r.Indptr)
	write(t, filepath.Join(dir, name+".indices"), r.Indices)
}

func write(t *testing.T, path string, v any) {
	t.Helper()
	buf, err := binary.Append(nil, binary.LittleEndian, v)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, buf, 0o644); err != nil {
		t.Fatal(err)
	}
}

// read fills v from a file of exactly its size.
func read(t *testing.T, path string, v any) {
	t.Helper()
	buf, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := binary.Decode(buf, binary.LittleEndian, v); err != nil || n != len(buf) {
		t.Fatalf("%s: %d of %d bytes: %v", path, n, len(buf), err)
	}
}
