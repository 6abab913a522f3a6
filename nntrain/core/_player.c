/* Plays recorded NumPy calls back without the interpreter.

   A tape is an array of operations. Most of them are NumPy's own inner loops with their addresses and strides: the same
   loops on the same memory in the same order as the calls that were recorded, so the same bits. tape.py decides what a
   call becomes; here every operand is checked once, when it is added: its type, and that no address the operation will
   touch lies outside its array. The tape holds references to all of them. Nothing is allocated while a tape is played,
   and the interpreter's lock is held only for operations that are Python calls. */
#define PY_SSIZE_T_CLEAN
#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#define NPY_TARGET_VERSION NPY_2_0_API_VERSION
#include <Python.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <numpy/arrayobject.h>
#include <numpy/ufuncobject.h>

#if defined(__unix__) || defined(__APPLE__)
#define HELPERS 1
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#else
#define HELPERS 0
#endif

#ifndef SOURCE_DIGEST
#define SOURCE_DIGEST ""
#endif
#if defined(__GNUC__)
#define PREFETCH(address) __builtin_prefetch(address)
#define ALWAYS_INLINE inline __attribute__((always_inline)) /* a function that only prefetches would be dropped */
#else
#define PREFETCH(address) ((void)(address))
#define ALWAYS_INLINE inline
#endif
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define CLONES __attribute__((target_clones("default", "avx2", "avx512f"))) /* chosen when the module is loaded */
#else
#define CLONES
#endif

enum Kind {
    LOOP,       /* inputs…, out: a ufunc's inner loop over two axes */
    PRODUCT,    /* a, b, out: matmul's inner loop */
    GEMM,       /* a, b, out: out = β out + α a b by cblas */
    DOT,        /* a, b, out: a sum of products */
    REDUCE,     /* z, out: out_i = f(… f(z_i0, z_i1) …, z_ij) */
    ARGMAX,     /* z, out: the place of the largest of each row */
    COPY,       /* of, to */
    CAST,       /* flags, to: 1.0 where a flag is set */
    GATHER,     /* source, out: whole rows by the order of the examples */
    SCALE,      /* bytes, shift, scale, out: (byte − shift) · scale of rows by the order of the examples */
    PICK,       /* source, out: entries of rows by the order of the examples */
    TABLE,      /* classes, table, out: row number classes_i of the table */
    READ,       /* terms…, extras…: (Σ factor · term) / divisor + Σ extras, into the cost or a sum */
    COUNT,      /* flags: how many are set / divisor, into a sum */
    READ_CALL,  /* the cost, or all sums, that a Python function returns */
    CHECK_COST, /* end here if the cost is not finite */
    CHECK_NORM, /* squared norm: end here if it is not finite */
    CLIP,       /* squared norm, factor: factor = limit / norm; passes over the next operation if the norm is smaller */
    FALL,       /* squared norm: end after this step if the norm is below the limit */
    SET,        /* values, to: the value of this step */
    TICK,       /* clock: the number of this step */
    CALL,       /* a Python call */
    MOMENTUM,   /* g, v, rate, θ */
    ADAM,       /* g, m, v, rate, ε, [decay,] θ */
    KINDS
};
enum Status { PLAYED, RAISED, COST_NOT_FINITE, NORM_NOT_FINITE, FELL, BAD_ROW };
#define MOST_OPERANDS 8
#define AXES 3

typedef void Sgemm(int order, int ta, int tb, npy_int64 m, npy_int64 n, npy_int64 k, float alpha, const float *a,
                   npy_int64 lda, const float *b, npy_int64 ldb, float beta, float *c, npy_int64 ldc);
typedef void Dgemm(int order, int ta, int tb, npy_int64 m, npy_int64 n, npy_int64 k, double alpha, const double *a,
                   npy_int64 lda, const double *b, npy_int64 ldb, double beta, double *c, npy_int64 ldc);
typedef void Sgemm32(int order, int ta, int tb, int m, int n, int k, float alpha, const float *a, int lda,
                     const float *b, int ldb, float beta, float *c, int ldc);
typedef void Dgemm32(int order, int ta, int tb, int m, int n, int k, double alpha, const double *a, int lda,
                     const double *b, int ldb, double beta, double *c, int ldc);

typedef struct {
    enum Kind kind;
    int nargs, itemsize;
    int place;                            /* READ, COUNT: 0 for the cost, k for the k-th sum */
    int group;                            /* how many operations from here on may run at once */
    npy_intp asked;                       /* rows of the next batch that are asked for before this begins */
    char *at[MOST_OPERANDS];              /* where each operand begins */
    npy_intp n[AXES];                     /* entries along each axis */
    npy_intp step[MOST_OPERANDS][AXES];   /* bytes from one entry to the next, of each operand along each axis */
    npy_intp inner[9];                    /* the steps as the loop takes them */
    npy_intp rows;                        /* of a source: row numbers from here on are refused */
    double number[4];
    PyUFuncGenericFunction loop;
    void *data;
    PyArray_DotFunc *dot;
    PyArray_ArgFunc *argmax;
    PyObject *call;
} Op;

typedef struct {
    PyObject_HEAD
    Py_ssize_t size, room;
    Op *ops;
    PyObject *kept; /* what the addresses point into */
    int playing;
    Py_ssize_t rows, sums; /* examples of a step, and sums that it adds to */
    npy_intp most;         /* steps that the tables of values are long enough for */
    int ordered;           /* whether some operation reads the order of the examples */
    Py_ssize_t brings;     /* the operation whose rows are asked for a step ahead; NONE, or UNKNOWN before playing */
    long long *spent;      /* nanoseconds of each operation so far; NULL where nobody asks */
} Tape;

/* Nanoseconds of a clock that runs on. */
static long long now(void) {
    struct timespec t;
#if HELPERS
    clock_gettime(CLOCK_MONOTONIC, &t);
#else
    timespec_get(&t, TIME_UTC);
#endif
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* ---- operations ------------------------------------------------------------------------------------------------- */

static double value(const char *at, int itemsize) { return itemsize == 4 ? *(const float *)at : *(const double *)at; }

static void run_loop(const Op *op) {
    for (npy_intp j = 0; j < op->n[1]; j++) {
        char *args[MOST_OPERANDS];
        for (int a = 0; a < op->nargs; a++) args[a] = op->at[a] + j * op->step[a][1];
        op->loop(args, op->n, op->inner, op->data);
    }
}

static void run_product(const Op *op) {
    char *args[3] = {op->at[0], op->at[1], op->at[2]};
    npy_intp dims[4] = {1, op->n[0], op->n[1], op->n[2]};
    op->loop(args, dims, op->inner, op->data);
}

/* cblas's numbers: rows first, not transposed or transposed; the leading dimensions are in `inner`. */
static void run_gemm(const Op *op) {
    int ta = (int)op->inner[3], tb = (int)op->inner[4], narrow = (int)op->number[2];
    npy_int64 m = op->n[0], k = op->n[1], n = op->n[2];
    const npy_intp *ld = op->inner;
    if (op->itemsize == 4 && narrow)
        ((Sgemm32 *)op->data)(101, ta, tb, (int)m, (int)n, (int)k, (float)op->number[0], (float *)op->at[0], (int)ld[0],
                              (float *)op->at[1], (int)ld[1], (float)op->number[1], (float *)op->at[2], (int)ld[2]);
    else if (op->itemsize == 4)
        ((Sgemm *)op->data)(101, ta, tb, m, n, k, (float)op->number[0], (float *)op->at[0], ld[0], (float *)op->at[1],
                            ld[1], (float)op->number[1], (float *)op->at[2], ld[2]);
    else if (narrow)
        ((Dgemm32 *)op->data)(101, ta, tb, (int)m, (int)n, (int)k, op->number[0], (double *)op->at[0], (int)ld[0],
                              (double *)op->at[1], (int)ld[1], op->number[1], (double *)op->at[2], (int)ld[2]);
    else
        ((Dgemm *)op->data)(101, ta, tb, m, n, k, op->number[0], (double *)op->at[0], ld[0], (double *)op->at[1], ld[1],
                            op->number[1], (double *)op->at[2], ld[2]);
}

/* As NumPy reduces: one row in one go, several rows column after column. */
static void run_reduce(const Op *op) {
    npy_intp rows = op->n[0], columns = op->n[1];
    const npy_intp *z = op->step[0], *out = op->step[1];
    for (npy_intp i = 0; i < rows; i++) memcpy(op->at[1] + i * out[0], op->at[0] + i * z[0], op->itemsize);
    if (rows == 1) {
        npy_intp n = columns - 1, steps[3] = {0, z[1], 0};
        char *args[3] = {op->at[1], op->at[0] + z[1], op->at[1]};
        if (n) op->loop(args, &n, steps, op->data);
        return;
    }
    for (npy_intp j = 1; j < columns; j++) {
        npy_intp steps[3] = {out[0], z[0], out[0]};
        char *args[3] = {op->at[1], op->at[0] + j * z[1], op->at[1]};
        op->loop(args, &rows, steps, op->data);
    }
}

/* The place of the largest of each row, of a block stored column after column: some rows at a time, column by column.
   As NumPy's argmax: the first of equals, and the first that is not a number before all others. */
#define TOGETHER 64
#define ARGMAX_OF(type, place)                                                                                \
    static CLONES void argmax_##type(const Op *op) {                                                          \
        for (npy_intp i = 0; i < op->n[0]; i += TOGETHER) {                                                   \
            npy_intp rows = op->n[0] - i < TOGETHER ? op->n[0] - i : TOGETHER;                                \
            type best[TOGETHER];                                                                              \
            place at[TOGETHER];                                                                               \
            for (npy_intp j = 0; j < op->n[1]; j++) {                                                         \
                const type *z = (const type *)(op->at[0] + j * op->step[0][1]) + i;                           \
                if (!j)                                                                                       \
                    for (npy_intp r = 0; r < rows; r++) best[r] = z[r], at[r] = 0;                            \
                else                                                                                          \
                    for (npy_intp r = 0; r < rows; r++) {                                                     \
                        int larger = !(z[r] <= best[r]) & (best[r] == best[r]);                               \
                        best[r] = larger ? z[r] : best[r];                                                    \
                        at[r] = larger ? (place)j : at[r];                                                    \
                    }                                                                                         \
            }                                                                                                 \
            for (npy_intp r = 0; r < rows; r++) ((npy_intp *)op->at[1])[i + r] = at[r];                       \
        }                                                                                                     \
    }
ARGMAX_OF(float, npy_int32)
ARGMAX_OF(double, npy_int64)

#define COPIED(type)                                                                                        \
    for (npy_intp i = 0; i < n; i++) *(type *)(to + i * step_to) = *(const type *)(of + i * step_of)
static void copy_run(char *to, npy_intp step_to, const char *of, npy_intp step_of, npy_intp n, int itemsize) {
    switch (itemsize) {
    case 1: COPIED(npy_uint8); break;
    case 2: COPIED(npy_uint16); break;
    case 4: COPIED(npy_uint32); break;
    case 8: COPIED(npy_uint64); break;
    default:
        for (npy_intp i = 0; i < n; i++) memcpy(to + i * step_to, of + i * step_of, itemsize);
    }
}

static void run_copy(const Op *op) {
    for (npy_intp j = 0; j < op->n[1]; j++)
        copy_run(op->at[1] + j * op->step[1][1], op->step[1][0], op->at[0] + j * op->step[0][1], op->step[0][0],
                 op->n[0], op->itemsize);
}

static void run_cast(const Op *op) {
    for (npy_intp j = 0; j < op->n[1]; j++) {
        const char *flags = op->at[0] + j * op->step[0][1];
        char *to = op->at[1] + j * op->step[1][1];
        npy_intp a = op->step[0][0], b = op->step[1][0];
        if (op->itemsize == 4)
            for (npy_intp i = 0; i < op->n[0]; i++) *(float *)(to + i * b) = flags[i * a] ? 1.0f : 0.0f;
        else
            for (npy_intp i = 0; i < op->n[0]; i++) *(double *)(to + i * b) = flags[i * a] ? 1.0 : 0.0;
    }
}

/* Asks the memory for a row of a source before it is read. */
static ALWAYS_INLINE void ask_for(const Op *op, npy_intp row) {
    npy_intp size = op->inner[0];
    if (row < 0 || row >= op->rows || size <= 64) return;
    const char *at = op->at[0] + row * size;
    for (npy_intp k = 0; k < size; k += 64) PREFETCH(at + k);
}

#define AHEAD 4 /* rows: the next but few */

static int run_gather(const Op *op, const npy_intp *rows) {
    npy_intp size = op->n[1] * op->itemsize;
    for (npy_intp i = 0; i < op->n[0]; i++) {
        if (rows[i] < 0 || rows[i] >= op->rows) return BAD_ROW;
        if (i + AHEAD < op->n[0]) ask_for(op, rows[i + AHEAD]);
        memcpy(op->at[1] + i * size, op->at[0] + rows[i] * size, size);
    }
    return PLAYED;
}

CLONES static void scale_floats(float *out, const npy_uint8 *in, npy_intp n, const float *shift, npy_intp each,
                                const float *scale) {
    if (each)
        for (npy_intp i = 0; i < n; i++) out[i] = ((float)in[i] - shift[i]) * scale[i];
    else {
        float b = *shift, a = *scale;
        for (npy_intp i = 0; i < n; i++) out[i] = ((float)in[i] - b) * a;
    }
}

CLONES static void scale_doubles(double *out, const npy_uint8 *in, npy_intp n, const double *shift, npy_intp each,
                                 const double *scale) {
    if (each)
        for (npy_intp i = 0; i < n; i++) out[i] = ((double)in[i] - shift[i]) * scale[i];
    else {
        double b = *shift, a = *scale;
        for (npy_intp i = 0; i < n; i++) out[i] = ((double)in[i] - b) * a;
    }
}

static int run_scale(const Op *op, const npy_intp *rows) {
    npy_intp width = op->n[1], each = op->step[1][1] != 0;
    for (npy_intp i = 0; i < op->n[0]; i++) {
        if (rows[i] < 0 || rows[i] >= op->rows) return BAD_ROW;
        if (i + AHEAD < op->n[0]) ask_for(op, rows[i + AHEAD]);
        const npy_uint8 *in = (const npy_uint8 *)op->at[0] + rows[i] * width;
        char *out = op->at[3] + i * width * op->itemsize;
        if (op->itemsize == 4) scale_floats((float *)out, in, width, (float *)op->at[1], each, (float *)op->at[2]);
        else scale_doubles((double *)out, in, width, (double *)op->at[1], each, (double *)op->at[2]);
    }
    return PLAYED;
}

static int run_pick(const Op *op, const npy_intp *rows) {
    const npy_intp *of = op->step[0], *to = op->step[1];
    for (npy_intp i = 0; i < op->n[0]; i++)
        if (rows[i] < 0 || rows[i] >= op->rows) return BAD_ROW;
    if (to[0] < to[1]) { /* stored column after column */
        for (npy_intp j = 0; j < op->n[1]; j++)
            for (npy_intp i = 0; i < op->n[0]; i++)
                memcpy(op->at[1] + i * to[0] + j * to[1], op->at[0] + rows[i] * of[0] + j * of[1], op->itemsize);
        return PLAYED;
    }
    for (npy_intp i = 0; i < op->n[0]; i++)
        copy_run(op->at[1] + i * to[0], to[1], op->at[0] + rows[i] * of[0], of[1], op->n[1], op->itemsize);
    return PLAYED;
}

static int run_table(const Op *op) {
    const npy_int64 *classes = (const npy_int64 *)op->at[0];
    npy_intp n = op->n[0];
    for (npy_intp i = 0; i < n; i++)
        if (classes[i] < 0 || classes[i] >= op->rows) return BAD_ROW;
    for (npy_intp j = 0; j < op->n[1]; j++) {
        const char *of = op->at[1] + j * op->step[1][1];
        char *to = op->at[2] + j * op->step[2][1];
        npy_intp a = op->step[1][0], b = op->step[2][0];
        if (op->itemsize == 4)
            for (npy_intp i = 0; i < n; i++) *(npy_uint32 *)(to + i * b) = *(const npy_uint32 *)(of + classes[i] * a);
        else
            for (npy_intp i = 0; i < n; i++) *(npy_uint64 *)(to + i * b) = *(const npy_uint64 *)(of + classes[i] * a);
    }
    return PLAYED;
}

static double run_read(const Op *op) {
    int terms = (int)op->number[3];
    double total = 0.0;
    for (int a = 0; a < terms; a++) total += op->number[a] * value(op->at[a], op->itemsize);
    total /= op->number[2];
    for (int a = terms; a < op->nargs; a++) total += value(op->at[a], op->itemsize);
    return total;
}

static double run_count(const Op *op) {
    npy_intp hits = 0;
    for (npy_intp i = 0; i < op->n[0]; i++) hits += op->at[0][i] != 0;
    return (double)hits / op->number[2];
}

/* The optimizers' equations, each operation rounded by itself as the recorded passes do (no contraction). */
#define MOMENTUM_OF(type)                                                                                     \
    static CLONES void momentum_##type(const Op *op) {                                                        \
        const type *g = (const type *)op->at[0];                                                              \
        type *v = (type *)op->at[1], *theta = (type *)op->at[3];                                              \
        const type mu = (type)op->number[0], lr = *(const type *)op->at[2];                                   \
        if (op->number[1] != 0.0) {                                                                           \
            _Pragma("GCC ivdep") for (npy_intp i = 0; i < op->n[0]; i++) {                                    \
                type a = v[i] * mu;                                                                           \
                a = a + g[i]; /* v ← μ v + g */                                                               \
                type d = a * mu;                                                                              \
                d = g[i] + d;                                                                                 \
                d = d * lr;                                                                                   \
                v[i] = a;                                                                                     \
                theta[i] = theta[i] - d; /* θ ← θ − ε (g + μ v) */                                            \
            }                                                                                                 \
            return;                                                                                           \
        }                                                                                                     \
        _Pragma("GCC ivdep") for (npy_intp i = 0; i < op->n[0]; i++) {                                        \
            type a = v[i] * mu;                                                                               \
            a = a + g[i]; /* v ← μ v + g */                                                                   \
            type d = a * lr;                                                                                  \
            v[i] = a;                                                                                         \
            theta[i] = theta[i] - d; /* θ ← θ − ε v */                                                        \
        }                                                                                                     \
    }
#define ADAM_OF(type, root)                                                                                   \
    static CLONES void adam_##type(const Op *op) {                                                            \
        int last = op->nargs - 1;                                                                             \
        const type *g = (const type *)op->at[0];                                                              \
        type *m = (type *)op->at[1], *v = (type *)op->at[2], *theta = (type *)op->at[last];                   \
        const type b1 = (type)op->number[0], b2 = (type)op->number[1];                                        \
        const type rate = *(const type *)op->at[3], eps = *(const type *)op->at[4];                           \
        const type keep = last == 6 ? *(const type *)op->at[5] : (type)1;                                     \
        _Pragma("GCC ivdep") for (npy_intp i = 0; i < op->n[0]; i++) {                                        \
            type a = m[i] * b1;                                                                               \
            a = a + g[i]; /* m ← β₁ m + g */                                                                  \
            type s = g[i] * g[i];                                                                             \
            type b = v[i] * b2;                                                                               \
            b = b + s; /* v ← β₂ v + g² */                                                                    \
            type d = root(b);                                                                                 \
            d = d + eps;                                                                                      \
            d = a / d;                                                                                        \
            d = d * rate;                                                                                     \
            m[i] = a;                                                                                         \
            v[i] = b;                                                                                         \
            theta[i] = theta[i] * keep - d; /* θ ← (1 − ε λ) θ − ε m̂ / (√v̂ + δ) */                            \
        }                                                                                                     \
    }
MOMENTUM_OF(float)
MOMENTUM_OF(double)
ADAM_OF(float, sqrtf)
ADAM_OF(double, sqrt)

static int run_read_call(const Op *op, double *cost, double *sums, Py_ssize_t n_sums) {
    int status = RAISED;
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *result = PyObject_CallNoArgs(op->call);
    if (result && op->place == 0) {
        *cost = PyFloat_AsDouble(result);
        status = PyErr_Occurred() ? RAISED : PLAYED;
    } else if (result) {
        PyObject *all = PySequence_Fast(result, "the sums of a step must be a sequence");
        if (all && PySequence_Fast_GET_SIZE(all) != n_sums)
            PyErr_Format(PyExc_ValueError, "a step must give %zd sums, got %zd", n_sums, PySequence_Fast_GET_SIZE(all));
        else if (all) {
            for (Py_ssize_t k = 0; k < n_sums; k++) sums[k] = PyFloat_AsDouble(PySequence_Fast_GET_ITEM(all, k));
            status = PyErr_Occurred() ? RAISED : PLAYED;
        }
        Py_XDECREF(all);
    }
    Py_XDECREF(result);
    PyGILState_Release(gil);
    return status;
}

static int run_call(const Op *op) {
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *result = PyObject_CallNoArgs(op->call);
    int status = result ? PLAYED : RAISED;
    Py_XDECREF(result);
    PyGILState_Release(gil);
    return status;
}

/* ---- helpers ---------------------------------------------------------------------------------------------------- */

/* The pieces of one product may run at the same time. The thread that plays and its helpers take them from one counter:
   who comes first does the piece, and a helper that the system keeps waiting takes none. Which thread does a piece
   changes nothing in its bits. A helper that finds nothing to do looks again for a tenth of a millisecond, then sleeps. */
static void run_any_product(const Op *op) {
    if (op->kind == GEMM) run_gemm(op);
    else run_product(op);
}

#if HELPERS
#define MOST_HELPERS 255
#define SPIN 100000 /* nanoseconds */

static struct {
    int started;                /* threads that exist; changed by the owner alone */
    atomic_int wanted;          /* how many of them may help */
    atomic_flag owned;          /* whether a tape that is played has them */
    _Atomic(const Op *) pieces; /* of the product at hand */
    atomic_ullong ticket;       /* number of the product << 32 | pieces << 16 | next piece */
    atomic_int done, asleep;
    pthread_mutex_t lock;
    pthread_cond_t wake;
} pool = {.owned = ATOMIC_FLAG_INIT, .lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER};

static void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("yield");
#endif
}

static int is_left(unsigned long long ticket) { return (ticket & 0xffff) < (ticket >> 16 & 0xffff); }

/* Does one piece; whether there was one. The ticket holds the number of the product, so that a thread that was kept
   waiting between reading and taking cannot take a piece of a later product for one of this. */
static int take(void) {
    unsigned long long ticket = atomic_load(&pool.ticket);
    while (is_left(ticket)) {
        const Op *pieces = atomic_load(&pool.pieces);
        if (atomic_compare_exchange_weak(&pool.ticket, &ticket, ticket + 1)) {
            run_any_product(pieces + (ticket & 0xffff));
            atomic_fetch_add(&pool.done, 1);
            return 1;
        }
    }
    return 0;
}

static void *help(void *number) {
    int own = (int)(Py_ssize_t)number;
    long long since = now();
    for (int turn = 0;; turn++) {
        int may = own < atomic_load(&pool.wanted);
        if (may && take()) {
            since = now();
            continue;
        }
        relax();
        if (may && (turn % 32 || now() - since < SPIN)) continue;
        pthread_mutex_lock(&pool.lock);
        atomic_fetch_add(&pool.asleep, 1);
        if (own >= atomic_load(&pool.wanted) || !is_left(atomic_load(&pool.ticket)))
            pthread_cond_wait(&pool.wake, &pool.lock);
        atomic_fetch_sub(&pool.asleep, 1);
        pthread_mutex_unlock(&pool.lock);
        since = now();
    }
    return NULL;
}

static void start_helpers(void) {
    int wanted = atomic_load(&pool.wanted);
    while (pool.started < wanted) {
        pthread_t thread;
        sigset_t all, before; /* signals are for the interpreter's threads */
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        int failed = pthread_create(&thread, NULL, help, (void *)(Py_ssize_t)pool.started);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (failed) return; /* without it the others do its pieces */
        pthread_detach(thread);
        pool.started++;
    }
}

static void run_together(const Op *pieces, int count) {
    unsigned long long number = (atomic_load(&pool.ticket) >> 32) + 1;
    atomic_store(&pool.done, 0);
    atomic_store(&pool.pieces, pieces);
    atomic_store(&pool.ticket, number << 32 | (unsigned long long)count << 16);
    if (atomic_load(&pool.asleep)) {
        pthread_mutex_lock(&pool.lock);
        pthread_cond_broadcast(&pool.wake);
        pthread_mutex_unlock(&pool.lock);
    }
    while (take()) {}
    long long since = 0;
    for (int turn = 0; atomic_load(&pool.done) < count; turn++) {
        relax();
        if (turn % 64 == 63) {
            if (!since) since = now();
            else if (now() - since > SPIN) sched_yield();
        }
    }
}

static void forget_helpers(void) { /* in the child of a fork, which has none of them */
    pool.started = 0;
    atomic_store(&pool.asleep, 0);
    atomic_store(&pool.done, 0);
    atomic_store(&pool.ticket, 0);
    atomic_flag_clear(&pool.owned);
    pthread_mutex_init(&pool.lock, NULL);
    pthread_cond_init(&pool.wake, NULL);
}
#endif

/* Takes the helpers for this tape; 0 if there are none or another tape has them. */
static int own_helpers(int helped) {
#if HELPERS
    if (helped && atomic_load(&pool.wanted) && !atomic_flag_test_and_set(&pool.owned)) {
        start_helpers();
        return 1;
    }
#endif
    return 0;
}

static void release_helpers(void) {
#if HELPERS
    atomic_flag_clear(&pool.owned);
#endif
}

static PyObject *set_helpers(PyObject *module, PyObject *number) {
    long wanted = PyLong_AsLong(number);
    if (PyErr_Occurred()) return NULL;
#if HELPERS
    int kept = wanted < 0 ? 0 : wanted > MOST_HELPERS ? MOST_HELPERS : (int)wanted;
    atomic_store(&pool.wanted, kept);
    return PyLong_FromLong(kept);
#else
    return PyLong_FromLong(0);
#endif
}

/* ---- playing ---------------------------------------------------------------------------------------------------- */

#define MOST_SUMS 4096

static void note_time(Tape *tape, Py_ssize_t o, long long *since) {
    long long at = now();
    tape->spent[o] += at - *since;
    *since = at;
}

#define NONE (-1)
#define UNKNOWN (-2)
#define NEAR (1 << 20) /* bytes of a source that a cache holds */

/* About how long an operation takes beside others. */
static double work_of(const Op *op) {
    double entries = (double)op->n[0] * (double)op->n[1];
    return op->kind == PRODUCT || op->kind == GEMM ? entries * (double)op->n[2] / 32.0 : entries;
}

/* Rows of a large source come from all over a slow memory: those of the next batch are asked for during the whole step,
   some before each operation, so that they come while it computes. */
static void spread_the_asking(Tape *tape) {
    double all = 0.0, before = 0.0;
    tape->brings = NONE;
    for (Py_ssize_t o = 0; o < tape->size; o++) {
        Op *op = tape->ops + o;
        op->asked = 0;
        if ((op->kind == GATHER || op->kind == SCALE) && op->inner[0] > 64 && op->rows > NEAR / op->inner[0])
            tape->brings = o, all = 0.0;
        else
            all += work_of(op);
    }
    if (tape->brings == NONE) return;
    for (Py_ssize_t o = tape->brings + 1; o < tape->size; o++) {
        before += work_of(tape->ops + o);
        tape->ops[o].asked = (npy_intp)((double)tape->rows * before / all);
    }
}

/* Plays `count` steps from batch number `first` on, the first of them step number `step`; adds cost and sums of each
   finished one to `totals`. Returns how many were finished; `status` says why no more. */
static Py_ssize_t play(Tape *tape, const npy_intp *order, npy_intp batch, Py_ssize_t first, Py_ssize_t count,
                       const npy_intp *end, npy_int64 step, double *totals, double *costs, int helped, int *status) {
    double sums[MOST_SUMS];
    int falls = 0;
    if (tape->brings == UNKNOWN) spread_the_asking(tape);
    helped = own_helpers(helped);
    *status = PLAYED;
    for (Py_ssize_t b = 0; b < count; b++) {
        const npy_intp *rows = order ? order + (first + b) * batch : NULL;
        const npy_intp *next = rows && tape->brings != NONE && end - rows >= batch + tape->rows ? rows + batch : NULL;
        npy_intp asked = 0;
        double cost = 0.0;
        long long since = tape->spent ? now() : 0;
        for (Py_ssize_t o = 0; o < tape->size; o++) {
            Op *op = tape->ops + o;
            if (tape->spent && o) note_time(tape, o - 1, &since);
            for (; next && asked < op->asked; asked++) ask_for(tape->ops + tape->brings, next[asked]);
#if HELPERS
            if (helped && op->group > 1) {
                run_together(op, op->group);
                o += op->group - 1;
                continue;
            }
#endif
            switch (op->kind) {
            case LOOP: run_loop(op); break;
            case PRODUCT: run_product(op); break;
            case GEMM: run_gemm(op); break;
            case DOT: op->dot(op->at[0], op->inner[0], op->at[1], op->inner[1], op->at[2], op->n[0], NULL); break;
            case REDUCE: run_reduce(op); break;
            case ARGMAX:
                if (op->step[0][1] == op->itemsize)
                    for (npy_intp i = 0; i < op->n[0]; i++)
                        op->argmax(op->at[0] + i * op->step[0][0], op->n[1], (npy_intp *)op->at[1] + i, NULL);
                else if (op->itemsize == 4) argmax_float(op);
                else argmax_double(op);
                break;
            case COPY: run_copy(op); break;
            case CAST: run_cast(op); break;
            case GATHER: *status = run_gather(op, rows); break;
            case SCALE: *status = run_scale(op, rows); break;
            case PICK: *status = run_pick(op, rows); break;
            case TABLE: *status = run_table(op); break;
            case READ:
                if (op->place) sums[op->place - 1] = run_read(op);
                else cost = run_read(op);
                break;
            case COUNT: sums[op->place - 1] = run_count(op); break;
            case READ_CALL: *status = run_read_call(op, &cost, sums, tape->sums); break;
            case CHECK_COST:
                costs[b ? 1 : 0] = cost;
                if (!isfinite(cost)) {
                    costs[1] = cost;
                    *status = COST_NOT_FINITE;
                }
                break;
            case CHECK_NORM:
                if (!isfinite(value(op->at[0], op->itemsize))) *status = NORM_NOT_FINITE;
                break;
            case CLIP: {
                double norm = sqrt(value(op->at[0], op->itemsize));
                if (norm > op->number[0]) {
                    if (op->itemsize == 4) *(float *)op->at[1] = (float)(op->number[0] / norm);
                    else *(double *)op->at[1] = op->number[0] / norm;
                } else
                    o++;
                break;
            }
            case FALL: falls = sqrt(value(op->at[0], op->itemsize)) < op->number[0]; break;
            case SET: memcpy(op->at[1], op->at[0] + b * op->itemsize, op->itemsize); break;
            case TICK: *(npy_int64 *)op->at[0] = step + b; break;
            case CALL: *status = run_call(op); break;
            case MOMENTUM:
                if (op->itemsize == 4) momentum_float(op);
                else momentum_double(op);
                break;
            case ADAM:
                if (op->itemsize == 4) adam_float(op);
                else adam_double(op);
                break;
            case KINDS: break;
            }
            if (*status != PLAYED) {
                if (helped) release_helpers();
                return b;
            }
        }
        if (tape->spent) note_time(tape, tape->size - 1, &since);
        totals[0] += cost * (double)tape->rows;
        for (Py_ssize_t k = 0; k < tape->sums; k++) totals[k + 1] += sums[k];
        if (falls) {
            *status = FELL;
            count = b + 1;
        }
    }
    if (helped) release_helpers();
    return count;
}

/* ---- building --------------------------------------------------------------------------------------------------- */

static int refuse(const char *why) {
    PyErr_SetString(PyExc_ValueError, why);
    return -1;
}

/* Whether every address that the operand's steps reach lies in the array's own memory. */
static int inside(PyArrayObject *a, const npy_intp *n, const npy_intp *step, int axes) {
    npy_intp low = 0, high = 0, first = 0, last = 0;
    for (int d = 0; d < PyArray_NDIM(a); d++) {
        npy_intp dim = PyArray_DIM(a, d), reach;
        if (dim == 0) return 0;
        reach = (dim - 1) * PyArray_STRIDE(a, d);
        if (reach < 0) low += reach;
        else high += reach;
    }
    for (int d = 0; d < axes; d++) {
        if (n[d] < 1 || (step[d] != 0 && (n[d] - 1) > (NPY_MAX_INTP / 4) / (step[d] < 0 ? -step[d] : step[d]))) return 0;
        npy_intp reach = (n[d] - 1) * step[d];
        if (reach < 0) first += reach;
        else last += reach;
    }
    return first >= low && last <= high && PyArray_NDIM(a) >= 0;
}

static int usable(PyObject *object, int written) {
    if (!PyArray_CheckExact(object)) return refuse("an operand must be an array");
    PyArrayObject *a = (PyArrayObject *)object;
    if (!PyArray_ISALIGNED(a) || !PyArray_ISNOTSWAPPED(a) || PyArray_TYPE(a) >= NPY_OBJECT)
        return refuse("an operand must hold aligned numbers in native order");
    if (written && !PyArray_ISWRITEABLE(a)) return refuse("an output must be writeable");
    return 0;
}

static int is_real(PyArrayObject *a) { return PyArray_TYPE(a) == NPY_FLOAT || PyArray_TYPE(a) == NPY_DOUBLE; }

/* Sets the inner loop for the operands' types. 0 if the ufunc has none for exactly these. */
static int find_loop(Op *op, PyObject *function, PyArrayObject **a, int nargs, int core) {
    if (!PyObject_TypeCheck(function, &PyUFunc_Type)) return refuse("the function must be a ufunc");
    PyUFuncObject *ufunc = (PyUFuncObject *)function;
    if (ufunc->nargs != nargs || ufunc->nout != 1 || ufunc->core_enabled != core) return 0;
    for (int i = 0; i < ufunc->ntypes; i++) {
        int same = 1;
        for (int k = 0; k < nargs; k++)
            if (ufunc->types[i * nargs + k] != PyArray_TYPE(a[k])) same = 0;
        if (!same) continue;
        op->loop = ufunc->functions[i];
        op->data = ufunc->data ? (void *)ufunc->data[i] : NULL;
        return op->loop != NULL;
    }
    return 0;
}

static int same_type(PyArrayObject **a, int from, int to) {
    for (int k = from + 1; k < to; k++)
        if (PyArray_TYPE(a[k]) != PyArray_TYPE(a[from])) return 0;
    return 1;
}

/* cblas's word for a matrix whose entries lie `rows` and `columns` bytes apart: not transposed, or transposed. */
static int order_of(npy_intp m, npy_intp n, npy_intp rows, npy_intp columns, npy_intp size, npy_intp *leading) {
    if (columns == size && rows % size == 0 && rows >= size * n) {
        *leading = rows / size;
        return 111;
    }
    if (rows == size && columns % size == 0 && columns >= size * m) {
        *leading = columns / size;
        return 112;
    }
    return 0;
}

/* Checks the operands of one kind and fills in the rest. 1: taken; 0: NumPy has no such loop; −1: an error is set. */
static int settle(Tape *tape, Op *op, PyObject *function, PyArrayObject **a, int nargs) {
    op->itemsize = nargs ? (int)PyArray_ITEMSIZE(a[nargs - 1]) : 0;
    for (int k = 0; k < nargs && k < 9; k++) op->inner[k] = op->step[k][0];
    if (!nargs && op->kind != CALL && op->kind != READ_CALL && op->kind != CHECK_COST)
        return refuse("the operation needs operands");
    switch (op->kind) {
    case LOOP:
        if (nargs < 2 || nargs > 4) return refuse("a loop takes 2 to 4 operands");
        return find_loop(op, function, a, nargs, 0);
    case PRODUCT: {
        if (nargs != 3 || !is_real(a[0])) return refuse("a product takes three real matrices");
        npy_intp steps[9] = {0, 0, 0, op->step[0][0], op->step[0][1], op->step[1][1], op->step[1][2], op->step[2][0], op->step[2][2]};
        memcpy(op->inner, steps, sizeof steps);
        return find_loop(op, function, a, 3, 1);
    }
    case GEMM: {
        npy_intp size = op->itemsize;
        if (nargs != 3 || !is_real(a[0]) || !same_type(a, 0, 3)) return refuse("a product takes three real matrices");
        op->data = PyLong_AsVoidPtr(function);
        if (!op->data) return PyErr_Occurred() ? -1 : refuse("there is no such routine");
        op->inner[3] = order_of(op->n[0], op->n[1], op->step[0][0], op->step[0][1], size, &op->inner[0]);
        op->inner[4] = order_of(op->n[1], op->n[2], op->step[1][1], op->step[1][2], size, &op->inner[1]);
        if (order_of(op->n[0], op->n[2], op->step[2][0], op->step[2][2], size, &op->inner[2]) != 111) return 0;
        for (int d = 0; d < 3; d++)
            if (op->number[2] != 0 && (op->n[d] > NPY_MAX_INT || op->inner[d] > NPY_MAX_INT)) return 0;
        return op->inner[3] && op->inner[4];
    }
    case DOT:
        if (nargs != 3 || !is_real(a[0]) || !same_type(a, 0, 3)) return refuse("a sum of products takes real vectors");
        op->dot = PyDataType_GetArrFuncs(PyArray_DESCR(a[0]))->dotfunc;
        return op->dot != NULL;
    case REDUCE:
        if (nargs != 2 || !is_real(a[0]) || !same_type(a, 0, 2)) return refuse("a reduction takes a block and a vector");
        PyArrayObject *three[3] = {a[0], a[0], a[1]};
        return find_loop(op, function, three, 3, 0);
    case ARGMAX:
        if (nargs != 2 || !is_real(a[0]) || PyArray_TYPE(a[1]) != NPY_INTP || op->step[1][0] != sizeof(npy_intp) ||
            (op->step[0][1] != PyArray_ITEMSIZE(a[0]) && op->step[0][0] != PyArray_ITEMSIZE(a[0])))
            return refuse("argmax takes rows or columns and a vector of places");
        op->itemsize = (int)PyArray_ITEMSIZE(a[0]);
        op->argmax = PyDataType_GetArrFuncs(PyArray_DESCR(a[0]))->argmax;
        return op->argmax != NULL;
    case COPY: return nargs == 2 && same_type(a, 0, 2) ? 1 : refuse("a copy takes two operands of one type");
    case CAST: return nargs == 2 && PyArray_TYPE(a[0]) == NPY_BOOL && is_real(a[1]) ? 1 : refuse("only flags are cast");
    case GATHER:
    case SCALE:
    case PICK: {
        PyArrayObject *out = a[nargs - 1];
        int whole = op->kind != PICK;
        if (nargs != (op->kind == SCALE ? 4 : 2) || PyArray_NDIM(a[0]) != 2 || PyArray_NDIM(out) != 2 ||
            PyArray_DIM(out, 1) != PyArray_DIM(a[0], 1) || PyArray_DIM(out, 0) != tape->rows)
            return refuse("gathering takes a source and a batch of as many columns");
        if (whole && !(PyArray_IS_C_CONTIGUOUS(a[0]) && PyArray_IS_C_CONTIGUOUS(out)))
            return refuse("whole rows must be contiguous");
        if (op->kind == SCALE ? PyArray_TYPE(a[0]) != NPY_UINT8 || !is_real(out) || !same_type(a, 1, 4)
                              : PyArray_TYPE(a[0]) != PyArray_TYPE(out))
            return refuse("the source and the batch do not fit");
        op->n[0] = PyArray_DIM(out, 0), op->n[1] = PyArray_DIM(out, 1), op->n[2] = 1;
        op->rows = PyArray_DIM(a[0], 0);
        op->inner[0] = op->n[1] * PyArray_ITEMSIZE(a[0]); /* bytes of a row of the source */
        for (int d = 0; d < 2; d++) op->step[0][d] = PyArray_STRIDE(a[0], d), op->step[nargs - 1][d] = PyArray_STRIDE(out, d);
        op->itemsize = (int)PyArray_ITEMSIZE(op->kind == SCALE ? out : a[0]);
        if (op->kind == SCALE)
            for (int k = 1; k < 3; k++) {
                npy_intp size = PyArray_SIZE(a[k]);
                if (!PyArray_IS_C_CONTIGUOUS(a[k]) || (size != 1 && size != op->n[1]) || size != PyArray_SIZE(a[1]))
                    return refuse("shift and scale must be single or one a column");
                op->step[k][1] = size > 1 ? PyArray_ITEMSIZE(a[k]) : 0;
            }
        tape->ordered = 1;
        return 1;
    }
    case TABLE:
        if (nargs != 3 || PyArray_TYPE(a[0]) != NPY_INT64 || PyArray_NDIM(a[0]) != 1 || !PyArray_IS_C_CONTIGUOUS(a[0]) ||
            PyArray_NDIM(a[1]) != 2 || PyArray_NDIM(a[2]) != 2 || !is_real(a[2]) || !same_type(a, 1, 3) ||
            PyArray_DIM(a[2], 0) != PyArray_DIM(a[0], 0) || PyArray_DIM(a[1], 1) != PyArray_DIM(a[2], 1))
            return refuse("a table takes classes, their rows and a block of targets");
        op->n[0] = PyArray_DIM(a[2], 0), op->n[1] = PyArray_DIM(a[2], 1), op->n[2] = 1;
        op->rows = PyArray_DIM(a[1], 0);
        for (int k = 1; k < 3; k++)
            for (int d = 0; d < 2; d++) op->step[k][d] = PyArray_STRIDE(a[k], d);
        return 1;
    case READ:
        if (nargs < 1 || nargs > 4 || !is_real(a[0]) || !same_type(a, 0, nargs) || op->number[3] < 0 ||
            op->number[3] > 2 || op->number[3] > nargs)
            return refuse("a figure is read from up to two terms and two extras");
        return op->place >= 0 && op->place <= tape->sums ? 1 : refuse("there is no such sum");
    case COUNT:
        if (nargs != 1 || PyArray_TYPE(a[0]) != NPY_BOOL || op->step[0][0] != 1) return refuse("only flags are counted");
        return op->place >= 1 && op->place <= tape->sums ? 1 : refuse("there is no such sum");
    case CHECK_NORM:
    case FALL: return nargs == 1 && is_real(a[0]) ? 1 : refuse("a norm is a real number");
    case CLIP: return nargs == 2 && is_real(a[0]) && same_type(a, 0, 2) ? 1 : refuse("a norm is a real number");
    case CHECK_COST: return nargs == 0 ? 1 : refuse("a check takes no operand");
    case SET:
        if (nargs != 2 || !same_type(a, 0, 2) || PyArray_NDIM(a[0]) != 1 || !PyArray_IS_C_CONTIGUOUS(a[0]))
            return refuse("values are a vector of the type that they are set to");
        if (PyArray_DIM(a[0], 0) < tape->most) tape->most = PyArray_DIM(a[0], 0);
        return 1;
    case TICK: return nargs == 1 && PyArray_TYPE(a[0]) == NPY_INT64 ? 1 : refuse("the clock is an int64");
    case READ_CALL:
    case CALL:
        if (nargs || !PyCallable_Check(function)) return refuse("a call takes a function and no operand");
        op->call = function;
        return 1;
    case MOMENTUM:
    case ADAM:
        if (op->kind == MOMENTUM ? nargs != 4 : nargs != 6 && nargs != 7) return refuse("an update takes other operands");
        if (!is_real(a[0]) || !same_type(a, 0, nargs)) return refuse("an update takes real vectors of one type");
        for (int k = 0; k < nargs; k++) {
            int vector = k < (op->kind == MOMENTUM ? 2 : 3) || k == nargs - 1;
            if (op->step[k][0] != (vector ? op->itemsize : 0)) return refuse("an update takes contiguous vectors");
        }
        return 1;
    case KINDS: break;
    }
    return refuse("there is no such operation");
}

static int read_numbers(PyObject *tuple, npy_intp *to, Py_ssize_t most) {
    if (PyTuple_GET_SIZE(tuple) > most) return refuse("too many numbers");
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple); i++) {
        to[i] = PyLong_AsSsize_t(PyTuple_GET_ITEM(tuple, i));
        if (PyErr_Occurred()) return -1;
    }
    return 0;
}

static PyObject *tape_add(Tape *self, PyObject *args) {
    int kind, place;
    PyObject *function, *operands, *n, *steps, *numbers;
    if (!PyArg_ParseTuple(args, "iOO!O!O!O!i", &kind, &function, &PyTuple_Type, &operands, &PyTuple_Type, &n,
                          &PyTuple_Type, &steps, &PyTuple_Type, &numbers, &place))
        return NULL;
    Py_ssize_t nargs = PyTuple_GET_SIZE(operands);
    if (self->playing || self->spent) return refuse("the tape is being played or measured"), NULL;
    if (kind < 0 || kind >= KINDS || nargs > MOST_OPERANDS || PyTuple_GET_SIZE(steps) > nargs ||
        PyTuple_GET_SIZE(numbers) > 4)
        return refuse("there is no such operation"), NULL;
    Op op = {.kind = kind, .nargs = (int)nargs, .place = place, .group = 0, .n = {1, 1, 1}};
    PyArrayObject *a[MOST_OPERANDS] = {NULL};
    if (read_numbers(n, op.n, AXES) < 0) return NULL;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(numbers); i++) op.number[i] = PyFloat_AsDouble(PyTuple_GET_ITEM(numbers, i));
    if (PyErr_Occurred()) return NULL;
    int reads_only = kind == READ || kind == COUNT || kind == CHECK_NORM || kind == FALL;
    for (int k = 0; k < (int)nargs; k++) {
        int written = !reads_only && (k == nargs - 1 || (kind == MOMENTUM && k == 1) || (kind == ADAM && (k == 1 || k == 2)));
        if (usable(PyTuple_GET_ITEM(operands, k), written) < 0) return NULL;
        a[k] = (PyArrayObject *)PyTuple_GET_ITEM(operands, k);
        op.at[k] = PyArray_BYTES(a[k]);
        if (k < PyTuple_GET_SIZE(steps)) {
            PyObject *own = PyTuple_GET_ITEM(steps, k);
            if (!PyTuple_Check(own)) return refuse("steps must be tuples"), NULL;
            if (read_numbers(own, op.step[k], AXES) < 0) return NULL;
        }
        if (!inside(a[k], op.n, op.step[k], AXES)) return refuse("an operand is smaller than the operation"), NULL;
        for (int d = 0; d < AXES; d++)
            if (op.step[k][d] % PyDataType_ALIGNMENT(PyArray_DESCR(a[k]))) return refuse("a step is not aligned"), NULL;
    }
    int taken = settle(self, &op, function, a, (int)nargs);
    if (taken < 0) return NULL;
    if (!taken) Py_RETURN_FALSE;
    if (self->size == self->room) {
        Py_ssize_t room = self->room ? 2 * self->room : 32;
        Op *ops = PyMem_Realloc(self->ops, room * sizeof(Op));
        if (!ops) return PyErr_NoMemory();
        self->ops = ops, self->room = room;
    }
    if (PyList_Append(self->kept, function) < 0 || PyList_Append(self->kept, operands) < 0) return NULL;
    self->ops[self->size++] = op;
    self->brings = UNKNOWN;
    Py_RETURN_TRUE;
}

/* Lets the last so many operations run at the same time: products, which read and write different memory. */
static PyObject *tape_share(Tape *self, PyObject *number) {
    Py_ssize_t count = PyLong_AsSsize_t(number);
    if (PyErr_Occurred()) return NULL;
    if (self->playing) return refuse("the tape is being played"), NULL;
    if (count < 2 || count > self->size || count > 0xffff) return refuse("there are not so many operations"), NULL;
    Op *first = self->ops + self->size - count;
    for (Py_ssize_t i = 0; i < count; i++)
        if ((first[i].kind != PRODUCT && first[i].kind != GEMM) || first[i].group)
            return refuse("only products are shared, and once"), NULL;
    first->group = (int)count;
    Py_RETURN_NONE;
}

/* Returns the nanoseconds that each operation has taken since the last call of this; the first call begins to measure. */
static PyObject *tape_spent(Tape *self, PyObject *ignored) {
    if (self->playing) return refuse("the tape is being played"), NULL;
    PyObject *all = PyTuple_New(self->spent ? self->size : 0);
    for (Py_ssize_t o = 0; all && o < PyTuple_GET_SIZE(all); o++) {
        PyObject *one = PyLong_FromLongLong(self->spent[o]);
        if (!one) Py_CLEAR(all);
        else PyTuple_SET_ITEM(all, o, one);
    }
    if (!all) return NULL;
    long long *fresh = PyMem_Calloc(self->size + 1, sizeof(long long));
    if (!fresh) {
        Py_DECREF(all);
        return PyErr_NoMemory();
    }
    PyMem_Free(self->spent);
    self->spent = fresh;
    return all;
}

static PyObject *tape_play(Tape *self, PyObject *args) {
    PyArrayObject *totals, *costs;
    PyObject *order;
    Py_ssize_t batch, first, count, done;
    long long step;
    int status, helped;
    if (!PyArg_ParseTuple(args, "OnnnLO!O!p", &order, &batch, &first, &count, &step, &PyArray_Type, &totals,
                          &PyArray_Type, &costs, &helped))
        return NULL;
    if (self->playing) return refuse("the tape is being played"), NULL;
    if (count < 1 || count > self->most) return refuse("the tape cannot play so many steps"), NULL;
    if (usable((PyObject *)totals, 1) < 0 || usable((PyObject *)costs, 1) < 0) return NULL;
    if (PyArray_TYPE(totals) != NPY_DOUBLE || PyArray_TYPE(costs) != NPY_DOUBLE || !PyArray_IS_C_CONTIGUOUS(totals) ||
        !PyArray_IS_C_CONTIGUOUS(costs) || PyArray_SIZE(totals) != self->sums + 1 || PyArray_SIZE(costs) < 2)
        return refuse("totals and costs must be float64 vectors of the right length"), NULL;
    const npy_intp *rows = NULL, *end = NULL;
    if (order != Py_None) {
        if (usable(order, 0) < 0) return NULL;
        PyArrayObject *a = (PyArrayObject *)order;
        if (PyArray_TYPE(a) != NPY_INTP || PyArray_NDIM(a) != 1 || !PyArray_IS_C_CONTIGUOUS(a) || batch < 1 || first < 0 ||
            first + count > PyArray_SIZE(a) / batch + 1 || (first + count - 1) * batch + self->rows > PyArray_SIZE(a))
            return refuse("the order of the examples is too short"), NULL;
        rows = PyArray_DATA(a);
        end = rows + PyArray_SIZE(a);
    } else if (self->ordered)
        return refuse("the order of the examples is missing"), NULL;
    self->playing = 1;
    Py_INCREF(self);
    Py_INCREF(order);
    Py_BEGIN_ALLOW_THREADS
    done = play(self, rows, batch, first, count, end, step, PyArray_DATA(totals), PyArray_DATA(costs), helped, &status);
    Py_END_ALLOW_THREADS
    self->playing = 0;
    Py_DECREF(order);
    Py_DECREF(self);
    if (status == RAISED) return NULL;
    if (status == BAD_ROW) return PyErr_SetString(PyExc_IndexError, "a row number is not one of the source"), NULL;
    return Py_BuildValue("ni", done, status);
}

static PyObject *tape_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    Py_ssize_t rows, sums;
    if (!PyArg_ParseTuple(args, "nn", &rows, &sums)) return NULL;
    if (rows < 1 || sums < 0 || sums > MOST_SUMS) return refuse("a tape has at least a row and up to 4096 sums"), NULL;
    Tape *self = (Tape *)type->tp_alloc(type, 0);
    if (!self) return NULL;
    self->rows = rows, self->sums = sums, self->most = NPY_MAX_INTP, self->brings = UNKNOWN;
    self->kept = PyList_New(0);
    if (!self->kept) {
        Py_DECREF(self);
        return NULL;
    }
    return (PyObject *)self;
}

static int tape_traverse(Tape *self, visitproc visit, void *arg) {
    Py_VISIT(self->kept);
    return 0;
}

static int tape_clear(Tape *self) {
    self->size = 0; /* nothing may be played without what it points into */
    Py_CLEAR(self->kept);
    return 0;
}

static void tape_dealloc(Tape *self) {
    PyObject_GC_UnTrack(self);
    tape_clear(self);
    PyMem_Free(self->ops);
    PyMem_Free(self->spent);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static Py_ssize_t tape_length(Tape *self) { return self->size; }

static PyMethodDef methods[] = {
    {"add", (PyCFunction)tape_add, METH_VARARGS, "Append an operation; False if there is no loop for its operands."},
    {"share", (PyCFunction)tape_share, METH_O, "Let the last so many operations, products, run at the same time."},
    {"spent", (PyCFunction)tape_spent, METH_NOARGS, "Nanoseconds of each operation since the last call; the first begins."},
    {"play", (PyCFunction)tape_play, METH_VARARGS, "Play some steps; return how many were finished, and the status."},
    {NULL},
};
static PySequenceMethods sequence = {.sq_length = (lenfunc)tape_length};
static PyTypeObject TapeType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "nntrain.core._player.Tape",
    .tp_doc = "Operations on bound memory, in order: Tape(rows, sums).",
    .tp_basicsize = sizeof(Tape),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_new = tape_new,
    .tp_dealloc = (destructor)tape_dealloc,
    .tp_traverse = (traverseproc)tape_traverse,
    .tp_clear = (inquiry)tape_clear,
    .tp_methods = methods,
    .tp_as_sequence = &sequence,
};
static PyMethodDef functions[] = {
    {"set_helpers", set_helpers, METH_O, "Let so many threads help with products; return how many there can be."},
    {NULL},
};
static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "_player", "Plays recorded NumPy calls back without the interpreter.", -1, functions};

static const struct {
    const char *name;
    int value;
} constants[] = {
    {"LOOP", LOOP}, {"PRODUCT", PRODUCT}, {"GEMM", GEMM}, {"DOT", DOT}, {"REDUCE", REDUCE}, {"ARGMAX", ARGMAX},
    {"COPY", COPY}, {"CAST", CAST}, {"GATHER", GATHER}, {"SCALE", SCALE}, {"PICK", PICK}, {"TABLE", TABLE},
    {"READ", READ}, {"COUNT", COUNT}, {"READ_CALL", READ_CALL}, {"CHECK_COST", CHECK_COST}, {"CHECK_NORM", CHECK_NORM},
    {"CLIP", CLIP}, {"FALL", FALL}, {"SET", SET}, {"TICK", TICK}, {"CALL", CALL}, {"MOMENTUM", MOMENTUM}, {"ADAM", ADAM},
    {"KINDS", KINDS}, {"PLAYED", PLAYED}, {"COST_NOT_FINITE", COST_NOT_FINITE}, {"NORM_NOT_FINITE", NORM_NOT_FINITE},
    {"FELL", FELL}, {"MOST_SUMS", MOST_SUMS},
};

PyMODINIT_FUNC PyInit__player(void) {
    import_array();
    import_umath();
#if HELPERS
    pthread_atfork(NULL, NULL, forget_helpers);
#endif
    PyObject *m = PyModule_Create(&module);
    if (!m || PyModule_AddType(m, &TapeType) < 0) return NULL;
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++)
        if (PyModule_AddIntConstant(m, constants[i].name, constants[i].value) < 0) return NULL;
    if (PyModule_AddStringConstant(m, "SOURCE_DIGEST", SOURCE_DIGEST) < 0) return NULL;
    return m;
}
