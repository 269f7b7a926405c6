#include "caller.h"

#include <link.h>
#include <unistd.h>
#include <unwind.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string_view>

namespace camtap::faults {
namespace {

enum class Owner { camtap, passed_over, stranger };

struct Module {
    uintptr_t begin;
    uintptr_t end;
    uintptr_t base;
    Owner owner;
    char name[24];
};

std::array<Module, 64> modules;
size_t module_count = 0;

std::string_view base_name(std::string_view path) {
    return path.substr(path.rfind('/') + 1);
}

Owner owner_of(std::string_view name) {
    for (const std::string_view own : {"camtapd", "camtap-source", "libcamtap.so"}) {
        if (name.substr(0, own.size()) == own) return Owner::camtap;
    }
    for (const std::string_view passed : {"libcamtap_faults", "libc.", "libstdc++", "libgcc_s", "libm.",
                                          "libsystemd", "libspdlog", "libfmt", "libasan", "libubsan"}) {
        if (name.substr(0, passed.size()) == passed) return Owner::passed_over;
    }
    return Owner::stranger;
}

int learn_module(dl_phdr_info* info, size_t, void*) {
    char program[256] = {};
    std::string_view path = info->dlpi_name;
    if (path.empty() && readlink("/proc/self/exe", program, sizeof program - 1) > 0) path = program;
    const std::string_view name = base_name(path);
    if (owner_of(name) == Owner::stranger || module_count == modules.size()) return 0;
    for (size_t i = 0; i < info->dlpi_phnum; ++i) {
        const ElfW(Phdr)& part = info->dlpi_phdr[i];
        if (part.p_type != PT_LOAD || (part.p_flags & PF_X) == 0) continue;
        Module& module = modules[module_count++];
        module.base = info->dlpi_addr;
        module.begin = info->dlpi_addr + part.p_vaddr;
        module.end = module.begin + part.p_memsz;
        module.owner = owner_of(name);
        name.copy(module.name, sizeof module.name - 1);
    }
    return 0;
}

const Module* module_at(uintptr_t address) {
    for (size_t i = 0; i < module_count; ++i) {
        if (address >= modules[i].begin && address < modules[i].end) return &modules[i];
    }
    return nullptr;
}

_Unwind_Reason_Code decide(_Unwind_Context* context, void* result) {
    const Module* const module = module_at(_Unwind_GetIP(context) - 1);
    if (module != nullptr && module->owner == Owner::passed_over) return _URC_NO_REASON;
    *static_cast<bool*>(result) = module != nullptr && module->owner == Owner::camtap;
    return _URC_END_OF_STACK;
}

struct Text {
    char* at;
    size_t left;
};

_Unwind_Reason_Code describe(_Unwind_Context* context, void* result) {
    Text& text = *static_cast<Text*>(result);
    const uintptr_t call = _Unwind_GetIP(context) - 1;
    const Module* const module = module_at(call);
    if (module == nullptr || module->owner != Owner::camtap) return _URC_NO_REASON;
    const int n = std::snprintf(text.at, text.left, "%s+0x%zx ", module->name,
                                static_cast<size_t>(call - module->base));
    if (n < 0 || static_cast<size_t>(n) >= text.left) return _URC_END_OF_STACK;
    text.at += n;
    text.left -= static_cast<size_t>(n);
    return _URC_NO_REASON;
}

}  // namespace

void learn_modules() {
    dl_iterate_phdr(learn_module, nullptr);
}

bool called_by_camtap() {
    bool result = false;
    _Unwind_Backtrace(decide, &result);
    return result;
}

void describe_callers(char* text, size_t bytes) {
    Text into{text, bytes};
    _Unwind_Backtrace(describe, &into);
}

}  // namespace camtap::faults
